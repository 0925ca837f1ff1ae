'use strict';

// An admin at the addon level in a process of its own, to be killed at any moment.

const killAt = require('./kill-at.js');

killAt.install();
const { openInstance } = require('./addon.js');

const { server, userDir, valkey, gap = 0 } = JSON.parse(process.argv[2]);

async function main() {
  const admin = await openInstance({
    role: 'admin',
    server,
    userDir,
    valkey,
    onLine: (level, text) => console.log(`[${level}] ${text}`)
  });
  process.on('message', async ({ deployFrom, until = Infinity, killBefore = Infinity }) => {
    killAt.arm(killBefore);
    for (let version = deployFrom; version <= until; version += 1) {
      try {
        await admin.deploy(version);
        process.send({ answered: version, steps: killAt.counted() });
      } catch (error) {
        process.send({ refused: version, code: error.code, message: error.message });
      }
      await new Promise((resolve) => setTimeout(resolve, gap));
    }
  });
  process.send({ loaded: admin.ran.at(-1) });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
