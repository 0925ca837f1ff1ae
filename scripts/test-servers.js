'use strict';

// `npm run test:servers`: the main path, on every server that is supported.
//
//   npm run test:servers                     all of them; each that can't be had is a failure
//   npm run test:servers -- valkey-9 redis-7   these

const { ensureInstalled, ensureBuilt, runShown } = require('./prepare.js');
const { findServer } = require('./valkey-server.js');

const FLAVOURS = ['valkey-9', 'valkey-8', 'redis-7', 'redis-6'];

async function main(asked) {
  ensureInstalled();
  ensureBuilt();
  const flavours = asked.length > 0 ? asked : FLAVOURS;
  for (const flavour of flavours) {
    const server = await findServer({ flavour, note: (line) => console.log(line) });
    console.log(`${flavour} is ${server.version}`);
  }
  const env = { TEST_SERVERS: flavours.join(' ') };
  process.exitCode = runShown(process.execPath, ['--test', '__test__/e2e/deploys/main-path.test.js'], env);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
