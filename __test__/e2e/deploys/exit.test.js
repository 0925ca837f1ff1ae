'use strict';

// Ending an instance: as fast as Node-RED alone, whatever Valkey does.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { adminLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');

const PREFIX = 'nodered:';
// Node-RED alone takes some milliseconds; this is no measure of speed but tells "at once" from
// "waits for something".
const ALLOWED = 500;

let server;
let alone;

const instance = (role, wait = 'started') =>
  startNodeRed({
    role,
    server,
    user: role === 'admin' ? { username: 'admin', password: 'a-secret' } : { username: 'worker', password: 'w-secret' },
    ...(role === 'admin' ? { flows: [] } : {}),
    wait
  });

before(async () => {
  server = await startServer({
    users: [adminLine(PREFIX, 'a-secret'), workerLine(PREFIX, 'w-secret'), 'user default on nopass ~* &* +@all']
  });
  const bare = await startNodeRed({ flows: [] });
  alone = await bare.stop();
});

after(async () => {
  await server?.stop();
});

async function assertQuick(t, node, what) {
  const took = await node.stop();
  t.diagnostic(`${what}: ${took.toFixed(0)} ms, Node-RED alone ${alone.toFixed(0)} ms`);
  assert.ok(took < alone + ALLOWED, `${what} took ${took} ms`);
  assert.equal(node.child.exitCode, 0);
}

test('SIGTERM with Valkey up', async (t) => {
  const admin = await instance('admin');
  const worker = await instance('worker');
  await assertQuick(t, admin, 'admin');
  await assertQuick(t, worker, 'worker');
});

test('SIGTERM with Valkey hung', async (t) => {
  const admin = await instance('admin');
  const worker = await instance('worker');
  server.pause();
  try {
    await assertQuick(t, admin, 'admin');
    await assertQuick(t, worker, 'worker');
  } finally {
    server.resume();
  }
});

test('SIGTERM with Valkey away, also for a worker that waits for it', async (t) => {
  const admin = await instance('admin');
  const worker = await instance('worker');
  await server.kill();
  const waiting = await instance('worker', 'listening');
  try {
    await assertQuick(t, admin, 'admin');
    await assertQuick(t, worker, 'worker');
    await assertQuick(t, waiting, 'waiting worker');
  } finally {
    await server.restart();
  }
});
