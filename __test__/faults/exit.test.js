'use strict';

// The end of a process, however it comes and whatever Valkey does: as fast as Node-RED alone, and
// a deploy that was answered is not lost.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { FULL } = require('./support/counts.js');
const { keepLog } = require('./support/kept-logs.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { startNodeRed } = require('../support/node-red.js');
const { spawnOwned } = require('../support/own-processes.js');
const { tempDir } = require('../support/temp-dir.js');
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
      const start = (role) =>
        startNodeRed({
          role,
          server,
          user: loginOf(role),
          settingsHead: END_ON_REQUEST,
          ...(role === 'admin' ? { flows: [] } : {})
        });
      await server.client().flushall();
      const [admin, worker] = [await start('admin'), await start('worker')];
      await enter();
      let left = false;
      try {
        // Answered: with Valkey away or hung that is a warning, and the disk has it.
        await admin.deploy(tab(`${way} ${state}`));
        for (const [name, node] of [
          ['admin', admin],
          ['worker', worker]
        ]) {
          const took = await timed(node, way);
          t.diagnostic(`${name}: ${took.toFixed(0)} ms, Node-RED alone ${alone[way].toFixed(0)} ms`);
          assert.ok(
            took < alone[way] + ALLOWED,
            `${name} took ${took.toFixed(0)} ms, Node-RED alone ${alone[way].toFixed(0)} ms`
          );
        }
        const onDisk = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json'), 'utf8'));
        assert.equal(onDisk[0].label, `${way} ${state}`);
        await leave();
        left = true;
        if (FULL || state === 'away') {
          await admin.restart();
          const client = server.client();
          await until(async () => (await client.get('nodered:flows'))?.includes(`${way} ${state}`), {
            message: 'the deploy in Valkey'
          });
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

/** Runs an instance that deploys `deploy`, if any, and is done; resolves with the ms from there to its end. */
async function leave(role, userDir, deploy) {
  const given = { role, server: { host: server.host, port: server.port }, valkey: loginOf(role), userDir, deploy };
  const script = path.join(__dirname, 'support', 'open-and-leave.js');
  const child = spawnOwned(process.execPath, [script, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let left;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
      if (left === undefined && output.includes('nothing more to do')) {
        left = performance.now();
      }
    });
  }
  await until(() => child.exitCode !== null || child.signalCode !== null, {
    deadline: 15_000,
    interval: 2,
    message: () => `end of ${role}:\n${output}`
  });
  keepLog(role, output);
  assert.equal(child.exitCode, 0, `${child.signalCode}\n${output}`);
  // A call that is waited for keeps the process: nothing cuts the script off in the middle.
  assert.notEqual(left, undefined, `ended before it was done:\n${output}`);
  return performance.now() - left;
}

test(
  'the natural end: a process that has nothing more to do is not kept, and what was answered is not lost',
  { timeout: 120_000 },
  async (t) => {
    await server.client().flushall();
    const dirs = { admin: tempDir('admin'), worker: tempDir('worker') };
    const within = async (what, role, deploy) => {
      const took = await leave(role, dirs[role], deploy);
      t.diagnostic(`${role} with Valkey ${what}: ${took.toFixed(0)} ms`);
      assert.ok(took < ALLOWED, `${role} took ${took.toFixed(0)} ms with Valkey ${what}`);
    };
    await within('up', 'admin', 1);
    await within('up', 'worker');
    for (const [state, version] of [
      ['hung', 2],
      ['away', 3]
    ]) {
      await STATES[state].enter();
      try {
        await within(state, 'admin', version);
        await within(`${state}, what was loaded being mirrored`, 'admin');
        await within(state, 'worker');
      } finally {
        await STATES[state].leave();
      }
      const next = await openInstance({ role: 'admin', server, valkey: loginOf('admin'), userDir: dirs.admin });
      try {
        const client = server.client();
        await until(async () => (await client.get('nodered:flows'))?.includes(`"version":${version}`), {
          message: `deploy ${version} in Valkey`
        });
      } finally {
        await next.close();
      }
    }
  }
);
