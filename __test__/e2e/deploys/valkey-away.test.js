'use strict';

// Valkey away at the start of an admin or a worker, and Valkey lost with everything it held.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  answerFlow,
  answerOf,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { until } = require('../../support/wait.js');

const COPY = '.node-red-storage-valkey';

let server;
let client;
let admin;
let worker;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  // Both know the address; nobody is there.
  await server.kill();
});

after(stopAll);

test('a worker without a copy: the HTTP server is up, and flows start by themselves later', async () => {
  worker = await startInstance('worker', server, { wait: 'listening' });
  await worker.waitForLog(/\[warn\] \[ValkeyStorage\] Valkey is not reachable and there is no earlier copy here/);
  assert.equal(await answerOf(worker), 'status 404');
  assert.doesNotMatch(worker.logs, /Started flows/);
});

test('an admin: the editor works, a deploy is on disk in less than 5 s and warns', async () => {
  admin = await startInstance('admin', server, { flows: answerFlow('start') });
  assert.equal((await admin.http('/')).status, 200);
  const begin = performance.now();
  await admin.deploy(answerFlow('away', { token: 'token' }));
  assert.ok(performance.now() - begin < 5000);
  await untilAnswer(admin, 'away:token');
  await admin.waitForLog(/\[warn\] \[ValkeyStorage\] saved on disk; workers are not updated yet/);
  const kept = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json')));
  assert.equal(kept.find(({ id }) => id === 'set').rules[0].to, 'away');
});

test('then Valkey comes: workers converge', async (t) => {
  await server.restart();
  t.diagnostic(`${(await untilAnswer(worker, 'away:token', 10_000)).toFixed(0)} ms after the server answered`);
});

test('Valkey killed and restarted empty: everything is mirrored again, nobody restarts', async (t) => {
  await admin.admin('/library/local/functions/entry.js', { method: 'POST', body: { text: 'return msg;' } });
  const names = ['flows', 'credentials', 'settings', 'library:functions:entry.js'].map((name) => `${PREFIX}${name}`);
  const stored = await client.mget(names);
  assert.ok(stored.every(Boolean), `all are stored: ${stored}`);
  const pids = [admin.pid, worker.pid];
  const mark = worker.mark();
  await server.restart({ empty: true, signal: 'SIGKILL' });
  const begin = performance.now();
  await until(
    async () => {
      assert.deepEqual(await client.mget(names), stored);
      return true;
    },
    { deadline: 10_000, message: 'all of it' }
  );
  t.diagnostic(`mirrored ${(performance.now() - begin).toFixed(0)} ms after the server answered`);
  await admin.deploy(answerFlow('after', { token: 'token' }));
  await untilAnswer(worker, 'after:token');
  assert.deepEqual([admin.pid, worker.pid], pids);
  assert.ok(admin.running && worker.running);
  assert.doesNotMatch(worker.logs.slice(mark), /Stopping flows|Started flows/);
});

test('a deploy while Valkey is down reaches workers once it is back, emptied', async (t) => {
  await server.kill();
  const begin = performance.now();
  await admin.deploy(answerFlow('meanwhile'));
  assert.ok(performance.now() - begin < 5000);
  await server.restart({ empty: true });
  t.diagnostic(`${(await untilAnswer(worker, 'meanwhile:token', 10_000)).toFixed(0)} ms after the server answered`);
});

test('a worker with a copy: it says how old the copy is, serves, and converges', async () => {
  await worker.stop();
  assert.ok(fs.existsSync(path.join(worker.userDir, COPY)));
  await server.kill();
  await worker.restart();
  await untilAnswer(worker, 'meanwhile:token');
  assert.match(
    worker.logs,
    /\[warn\] \[ValkeyStorage\] Valkey is not reachable: starting from the last good copy on this disk: revision \d+, read \d+ s ago/
  );
  await admin.deploy(answerFlow('last', { token: 'changed' }));
  assert.equal(await answerOf(worker), 'meanwhile:token');
  await server.restart({ empty: true });
  await untilAnswer(worker, 'last:changed', 10_000);
});

test('a Valkey that hangs: a deploy answers in less than 5 s, and arrives when it goes on', async () => {
  server.pause();
  try {
    const begin = performance.now();
    await admin.deploy(answerFlow('hung'));
    assert.ok(performance.now() - begin < 5000);
    await untilAnswer(admin, 'hung:changed');
  } finally {
    server.resume();
  }
  await untilAnswer(worker, 'hung:changed', 10_000);
});
