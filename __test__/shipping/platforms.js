'use strict';

// Not part of `npm test`: see scripts/test-platforms.js, which names the platforms in PLATFORMS and
// has put their binaries into binaries/. npm chooses the package as on that platform, and Node-RED
// runs there, admin and worker.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREBUILT } = require('../../lib/binding/platform.js');
const { pack, printSizes } = require('../../scripts/pack.js');
const { publish } = require('../../scripts/publish.js');
const { startNodeRed, raw } = require('../support/node-red.js');
const { startServer } = require('../support/server.js');
const { tempDir } = require('../support/temp-dir.js');
const { answers, valueFlow } = require('../support/request-flow.js');
const { install, installed } = require('./support/package-managers.js');
const { startRegistry } = require('./support/registry.js');

const { name: NAME } = require('../../package.json');

const BINARIES = path.join(__dirname, '..', '..', 'binaries');
const PLATFORMS = JSON.parse(process.env.PLATFORMS);
/** An emulated processor is slow. */
const DEADLINE = 300_000;

let registry;
let server;

before(async () => {
  const dir = tempDir('binaries');
  for (const id of PREBUILT) {
    const file = `${NAME}.${id}.node`;
    if (PLATFORMS.some((platform) => platform.id === id)) {
      fs.copyFileSync(path.join(BINARIES, file), path.join(dir, file));
    } else {
      fs.writeFileSync(path.join(dir, file), '');
    }
  }
  const out = tempDir('pack');
  printSizes(
    pack({ out, binaries: dir, all: true }).filter(({ id }) => PLATFORMS.some((platform) => platform.id === id))
  );
  registry = await startRegistry();
  await publish(out, { env: { ...registry.env, NPM_TOKEN: 'any' } });
  server = await startServer();
});

after(async () => {
  registry?.stop();
  await server?.stop();
});

/** What npm calls a platform. */
function npmPlatform(id) {
  const [os, cpu, abi] = id.split('-');
  return { os, cpu, libc: abi.startsWith('musl') ? 'musl' : 'glibc' };
}

for (const { id, node } of PLATFORMS) {
  const installFor = async () => {
    const folder = await install('npm', { name: NAME, registry, platform: npmPlatform(id) });
    assert.deepEqual(installed(folder, `${NAME}-`), [`${NAME}-${id}`]);
    return folder;
  };

  if (!node) {
    test(`${id}: npm installs it`, installFor);
    continue;
  }

  test(`${id}: Node-RED runs as admin and worker, and a deploy arrives`, async (t) => {
    const running = [];
    t.after(() => Promise.all(running.map((one) => one.stop({ deadline: DEADLINE }))));
    const start = async (role) => {
      running.push(
        await startNodeRed({
          role,
          server,
          node,
          // Packages are installed with npm, which an emulated Node.js can't start.
          valkey: { keyPrefix: `${id}:`, syncPackages: false },
          userDir: await installFor(),
          settings: {
            storageModule: raw(`require('${NAME}')`),
            // The palette editor starts npm, too.
            editorTheme: { palette: { editable: false } }
          },
          flows: role === 'admin' ? valueFlow('at start') : undefined,
          deadline: DEADLINE
        })
      );
      return running.at(-1);
    };
    const admin = await start('admin');
    const worker = await start('worker');
    t.diagnostic(admin.logs.match(/Node\.js +version: .*|Linux \S+ \w+/g).join(', '));
    await answers(worker, 'at start', DEADLINE);
    await admin.deploy(valueFlow('deployed'));
    t.diagnostic(`deployed in ${Math.round(await answers(worker, 'deployed', DEADLINE))} ms`);
    for (const { logs } of running) {
      assert.doesNotMatch(logs, /\[error\]/);
    }
  });
}
