'use strict';

// The end of a process, however it comes and whatever Valkey does: as fast as Node-RED alone, and
// a deploy that was answered is not lost.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { FULL } = require('./support/counts.js');
const { keepLog } = require('./support/kept-logs.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { startNodeRed } = require('../support/node-red.js');
const { until } = require('../support/wait.js');

const ALLOWED = 500;

// Ends the process in the way that a file asks for, from inside Node-RED.
const END_ON_REQUEST = `
const asked = require('node:path').join(__dirname, 'end-now');
setInterval(() => {
  const fs = require('node:fs');
  if (!fs.existsSync(asked)) {
    return;
  }
  const how = fs.readFileSync(asked, 'utf8');
  fs.rmSync(asked);
  if (how === 'exit') {
    process.exit(0);
  }
  throw new Error('thrown by the test');
}, 20).unref();
`;

const WAYS = {
  SIGTERM: (node) => node.child.kill('SIGTERM'),
  SIGINT: (node) => node.child.kill('SIGINT'),
  'process.exit': (node) => fs.writeFileSync(path.join(node.userDir, 'end-now'), 'exit'),
  'an uncaught exception': (node) => fs.writeFileSync(path.join(node.userDir, 'end-now'), 'throw')
};
const STATES = {
  up: { enter() {}, leave() {} },
  hung: { enter: () => server.pause(), leave: () => server.resume() },
  away: { enter: () => server.kill(), leave: () => server.restart({ empty: true }) }
};
/** In the quick form each way and each state once. */
const QUICK = new Set(['SIGTERM away', 'SIGINT up', 'process.exit hung', 'an uncaught exception up']);

let server;
const alone = {};

async function timed(node, way) {
  const begin = performance.now();
  WAYS[way](node);
  await until(() => !node.running, { deadline: 15_000, interval: 2, message: `end by ${way}; ${node.tail()}` });
  keepLog('node-red', node.logs);
  return performance.now() - begin;
}

before(async () => {
  server = await startGuardedServer();
});

after(() => server?.stop());

const tab = (label) => [{ id: 'tab', type: 'tab', label }];

for (const way of Object.keys(WAYS)) {
  for (const [state, { enter, leave }] of Object.entries(STATES)) {
    if (!FULL && !QUICK.has(`${way} ${state}`)) {
      continue;
    }
    test(`${way} with Valkey ${state}`, { timeout: 60_000 }, async (t) => {
      if (alone[way] === undefined) {
        const bare = await startNodeRed({ flows: [], settingsHead: END_ON_REQUEST });
        alone[way] = await timed(bare, way);
      }
      const start = (role) => startNodeRed({
        role, server, user: loginOf(role), settingsHead: END_ON_REQUEST, ...(role === 'admin' ? { flows: [] } : {})
      });
      await server.client().flushall();
      const [admin, worker] = [await start('admin'), await start('worker')];
      await enter();
      let left = false;
      try {
        // Answered: with Valkey away or hung that is a warning, and the disk has it.
        await admin.deploy(tab(`${way} ${state}`));
        for (const [name, node] of [['admin', admin], ['worker', worker]]) {
          const took = await timed(node, way);
          t.diagnostic(`${name}: ${took.toFixed(0)} ms, Node-RED alone ${alone[way].toFixed(0)} ms`);
          assert.ok(took < alone[way] + ALLOWED, `${name} took ${took.toFixed(0)} ms, Node-RED alone ${alone[way].toFixed(0)} ms`);
        }
        const onDisk = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json'), 'utf8'));
        assert.equal(onDisk[0].label, `${way} ${state}`);
        await leave();
        left = true;
        if (FULL || state === 'away') {
          await admin.restart();
          const client = server.client();
          await until(async () => (await client.get('nodered:flows'))?.includes(`${way} ${state}`), { message: 'the deploy in Valkey' });
        }
      } finally {
        if (!left) {
          await leave();
        }
        await Promise.all([admin.stop(), worker.stop()]);
      }
    });
  }
}
