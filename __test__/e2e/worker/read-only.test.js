'use strict';

// A worker never writes a shared key, does not even try to, and says so to who asks for it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, untilTracked } = require('../support/tracked.js');

const READING = new Set([
  'hello',
  'auth',
  'ping',
  'select',
  'client',
  'info',
  'role',
  'subscribe',
  'unsubscribe',
  'multi',
  'exec',
  'discard',
  'getrange',
  'mget',
  'strlen',
  'exists',
  'type',
  'time',
  'hget',
  'hmget',
  'hgetall',
  'hkeys',
  'hexists',
  'hlen',
  'hscan',
  'smembers',
  'scan'
]);
const WANTED = { node: { value: '1', token: 'kept' } };

let server;
let client;
let worker;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  const admin = await startInstance('admin', server, { flows: [] });
  await admin.deploy(trackedFlow(WANTED));
  await admin.admin('/library/local/functions/folder/entry.js', {
    method: 'POST',
    body: { name: 'entry', text: 'return msg;' }
  });
  // Without an admin whoever writes now is the worker.
  await admin.stop();
  await client.acl('SETUSER', 'admin', 'off');
  // Its lease would run out by itself.
  for (const key of await client.keys('*')) {
    if ((await client.pttl(key)) >= 0) {
      await client.del(key);
    }
  }
});

after(stopAll);

/** Every key with its serialised value. */
async function everything() {
  const keys = (await client.keys('*')).sort();
  const values = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
  return Object.fromEntries(keys.map((key, i) => [key, values[i] === null ? null : values[i].toString('hex')]));
}

/** What all others ask the server for, from now on. */
async function monitor() {
  const seen = [];
  const watching = await server.monitor();
  watching.on('monitor', (time, [command, ...args]) => seen.push([command.toLowerCase(), ...args]));
  watching.on('error', () => {});
  const marker = `seen-${process.pid}`;
  await client.echo(marker);
  await until(() => seen.some(([command, text]) => command === 'echo' && text === marker), { message: 'MONITOR' });
  return {
    /** Stops, when all that was sent so far has been seen. */
    async stop() {
      await client.echo(`${marker}-end`);
      await until(() => seen.some(([, text]) => text === `${marker}-end`), { message: 'MONITOR' });
      watching.disconnect();
      return seen.filter(([command]) => command !== 'echo');
    }
  };
}

/** The answer to a request that has to be refused. */
async function refused(request) {
  const error = await request.then(
    () => null,
    (failure) => failure
  );
  assert.ok(error, 'it was not refused');
  const body = JSON.parse(error.body);
  assert.equal(body.code, 'ERR_VALKEY_READ_ONLY');
  assert.match(body.message, /worker.*deploy on the admin/);
  return error;
}

test('not one key changes while a worker starts, runs, is asked to save, and stops', async () => {
  const before = await everything();
  assert.ok(Object.keys(before).length >= 4);
  const watch = await monitor();

  // What it reports is for another user to write.
  worker = await startInstance('worker', server, { valkey: { report: false }, httpAdmin: true });
  const running = await untilTracked(worker, WANTED);
  assert.equal((await worker.admin('/settings')).status, 200);
  const { flows, rev } = await worker.getFlows();

  const changed = flows.map((node) =>
    node.id === 'node' ? { ...node, value: '2', credentials: { token: 'other' } } : node
  );
  for (const type of ['full', 'nodes', 'flows']) {
    await refused(worker.deploy(changed, { type }));
  }
  await refused(
    worker.admin('/flow/tracked-tab', { method: 'PUT', body: { id: 'tracked-tab', nodes: [], configs: [] } })
  );
  await refused(worker.admin('/flow', { method: 'POST', body: { label: 'new', nodes: [] } }));
  // Here Node-RED's API keeps the reason to itself; its log has it.
  await assert.rejects(worker.admin('/library/local/functions/new.js', { method: 'POST', body: { text: 'x' } }), {
    status: 400
  });
  await worker.waitForLog(/new\.js.*worker.*does not save library entries.*deploy on the admin/);
  // What Node-RED saves by itself stays in the instance.
  await worker.admin('/settings/user', { method: 'POST', body: { editor: { view: { 'view-show-grid': true } } } });
  await worker.admin('/nodes/node-red/inject', { method: 'PUT', body: { enabled: false } });
  await worker.admin('/nodes/node-red/inject', { method: 'PUT', body: { enabled: true } });

  assert.deepEqual(await worker.getFlows(), { flows, rev }, 'flows are what they were');
  const listing = (await worker.admin('/library/local/functions/folder/')).json();
  assert.deepEqual(
    listing.map(({ fn }) => fn),
    ['entry.js']
  );
  // "Restart flows" reads, and is allowed: with the credentials that were deployed, not the refused ones.
  await worker.deploy([], { type: 'reload' });
  const again = await untilTracked(worker, WANTED);
  assert.equal(again.node.starts, running.node.starts + 1);

  await worker.stop();
  const commands = await watch.stop();
  const attempted = new Set(commands.map(([command]) => command));
  assert.ok(attempted.has('getrange') && attempted.has('subscribe'), [...attempted].join(' '));
  assert.deepEqual(
    [...attempted].filter((command) => !READING.has(command)),
    []
  );
  assert.deepEqual(await everything(), before);
  const log = JSON.stringify(await client.acl('LOG'));
  assert.doesNotMatch(log, /"worker"/, 'nothing was asked for that it may not do');
});

test('a user directory that cannot be written is no error', async () => {
  const userDir = tempDir('read-only-worker');
  // As a superuser may write anywhere, a file stands where the folder would be.
  fs.writeFileSync(path.join(userDir, '.node-red-storage-valkey'), 'in the way');
  worker = await startInstance('worker', server, { userDir });
  await untilTracked(worker, WANTED);
  assert.doesNotMatch(worker.logs, /\[error\]/);
  assert.equal((worker.logs.match(/keeps no copy/g) || []).length, 1, 'one warning');
  assert.equal(fs.readFileSync(path.join(userDir, '.node-red-storage-valkey'), 'utf8'), 'in the way');
  await worker.stop();
});

test('with readOnly nothing is written, and the worker works', async () => {
  worker = await startInstance('worker', server, { settings: { readOnly: true } });
  await untilTracked(worker, WANTED);
  assert.ok(!fs.existsSync(path.join(worker.userDir, '.node-red-storage-valkey')));
  assert.doesNotMatch(worker.logs, /\[error\] \[ValkeyStorage\]/);
});
