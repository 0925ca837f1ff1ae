'use strict';

// An admin that is restarted: over an edited file, over an emptied user directory, with Valkey
// there or away.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  answerFlow,
  answerOf,
  contentOf,
  revisionOf,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { renamesHead } = require('./support/renames.js');
const { startProxy } = require('../../support/proxy.js');
const { until } = require('../../support/wait.js');

// Holds up the load of an empty disk, where Node-RED keeps the secret that it has made up.
const SLOW_SECRET = renamesHead((from, to, done, rename) => {
  const isHeld =
    to.endsWith('.config.runtime.json') && require('node:fs').readFileSync(from, 'utf8').includes('_credentialSecret');
  setTimeout(() => rename(from, to, done), isHeld ? 3000 : 0);
});
const LIBRARY = '/library/local/functions/folder/entry.js';

let server;
let proxy;
let client;
let admin;
let worker;
let workerPid;

const editFlows = (version) =>
  fs.writeFileSync(path.join(admin.userDir, 'flows.json'), JSON.stringify(answerFlow(version)));

const emptyUserDir = async () => {
  await admin.stop();
  for (const name of fs.readdirSync(admin.userDir)) {
    fs.rmSync(path.join(admin.userDir, name), { recursive: true });
  }
  // The id went with the directory: as after the lease of the lost admin has run out.
  await client.del(`${PREFIX}lease`);
};

const untilStored = (predicate) => until(async () => predicate(await revisionOf(client)), { message: 'that revision' });

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  proxy = await startProxy(server);
  admin = await startInstance('admin', proxy, { flows: answerFlow('start') });
  await admin.deploy(answerFlow('deployed', { token: 'first' }));
  const saved = await admin.admin(LIBRARY, { method: 'POST', body: { name: 'Entry', text: 'return msg;' } });
  assert.equal(saved.status, 204);
  worker = await startInstance('worker', server);
  workerPid = worker.pid;
  await untilAnswer(worker, 'deployed:first');
});

after(async () => {
  assert.equal(worker?.pid, workerPid, 'the worker was never restarted');
  await stopAll();
  await proxy?.close();
});

test('an edited flows.json is what workers run after a restart, with the credentials they had', async () => {
  await admin.stop();
  editFlows('edited');
  await admin.restart();
  await untilAnswer(admin, 'edited:first');
  await untilAnswer(worker, 'edited:first');
});

test("'restart flows' mirrors an edited file", async () => {
  editFlows('reloaded');
  await admin.deploy([], { type: 'reload' });
  await untilAnswer(admin, 'reloaded:first');
  await untilAnswer(worker, 'reloaded:first');
});

test('an emptied user directory is restored from Valkey: flows, credentials, settings, library', async () => {
  const disabled = await admin.admin('/nodes/node-red/delay', { method: 'PUT', body: { enabled: false } });
  assert.equal(disabled.status, 200);
  const user = await admin.admin('/settings/user', { method: 'POST', body: { menu: { mine: true } } });
  assert.equal(user.status, 204);
  const secret = JSON.parse(await client.get(`${PREFIX}settings`))._credentialSecret;
  assert.ok(secret);
  const stored = await contentOf(client);
  await emptyUserDir();

  await admin.restart();
  await untilAnswer(admin, 'reloaded:first');
  await admin.waitForLog(
    /\[ValkeyStorage\] flows\.json is missing: flows and credentials were restored from Valkey \(revision \d+\)/
  );
  assert.deepEqual(await contentOf(client), stored, 'what is stored is what it was');
  assert.equal(await answerOf(worker), 'reloaded:first');
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json'))), answerFlow('reloaded'));
  const config = (section) => JSON.parse(fs.readFileSync(path.join(admin.userDir, `.config.${section}.json`)));
  assert.equal(config('runtime')._credentialSecret, secret);
  assert.equal(config('nodes')['node-red'].nodes.delay.enabled, false);
  assert.deepEqual(config('users')._, { menu: { mine: true } });
  const entry = await until(() => admin.admin(LIBRARY), { message: 'the library entry' });
  assert.equal(entry.text, 'return msg;');
});

test('an emptied user directory and Valkey away: restored and loaded when Valkey is back', async () => {
  const stored = await contentOf(client);
  await emptyUserDir();
  proxy.cut();
  await admin.restart();
  assert.equal(await answerOf(admin), 'status 404', 'it begins empty');
  assert.equal((await admin.getFlows()).flows.length, 0);
  assert.deepEqual(await contentOf(client), stored);

  proxy.resume();
  await untilAnswer(admin, 'reloaded:first', 10_000);
  await admin.waitForLog(
    /\[ValkeyStorage\] Valkey is back: flows and credentials were restored from it \(revision \d+\)/
  );
  await until(() => fs.existsSync(path.join(admin.userDir, 'lib/functions/folder/entry.js')), {
    message: 'library entry'
  });
  await untilStored(
    ({ owner }) =>
      owner === JSON.parse(fs.readFileSync(path.join(admin.userDir, '.node-red-storage-valkey', 'admin.json'))).id
  );
  assert.equal((await contentOf(client)).flows, stored.flows);
  assert.equal(await answerOf(worker), 'reloaded:first');
  const nodes = JSON.parse(fs.readFileSync(path.join(admin.userDir, '.config.nodes.json')));
  assert.equal(nodes['node-red'].nodes.delay.enabled, false, 'a node type stays disabled');
  const users = JSON.parse(fs.readFileSync(path.join(admin.userDir, '.config.users.json')));
  assert.deepEqual(users._, { menu: { mine: true } });
  assert.deepEqual(await client.keys(`${PREFIX}backup:*`), []);
});

test('an emptied user directory, and Valkey back in the middle of the start', async () => {
  await emptyUserDir();
  proxy.cut();
  await admin.restart({ wait: 'listening', settingsHead: SLOW_SECRET });
  await admin.waitForLog(/Creating new flow file/);
  proxy.resume();
  await admin.waitForLog(/\[ValkeyStorage\] Connected to/);
  assert.doesNotMatch(admin.logs, /Started flows/, 'Valkey is back before the start is over');
  await admin.waitForLog(/Valkey is back: flows and credentials were restored from it/, 30_000);
  await untilAnswer(admin, 'reloaded:first', 10_000);
  assert.equal((await admin.getFlows()).flows.length, answerFlow('reloaded').length);
  assert.equal(await answerOf(worker), 'reloaded:first');
  await admin.restart({ wait: 'started', settingsHead: undefined });
  await untilAnswer(admin, 'reloaded:first');
});

test('an emptied user directory, Valkey away, and a deploy: the deploy wins, the old one is kept', async () => {
  const [flows, credentials] = await client.mget(`${PREFIX}flows`, `${PREFIX}credentials`);
  await emptyUserDir();
  proxy.cut();
  await admin.restart();
  const begin = performance.now();
  await admin.deploy(answerFlow('newer', { token: 'second' }));
  assert.ok(performance.now() - begin < 5000);
  await admin.waitForLog(/saved on disk; workers are not updated yet/);
  assert.equal(await client.get(`${PREFIX}flows`), flows);

  proxy.resume();
  await untilAnswer(worker, 'newer:second', 10_000);
  assert.equal(await answerOf(admin), 'newer:second');
  const [kept, ...others] = await client.keys(`${PREFIX}backup:*`);
  assert.deepEqual(others, []);
  const backup = await client.hgetall(kept);
  assert.equal(backup.flows, flows);
  assert.equal(backup.credentials, credentials);
  assert.ok(backup.settings && backup.revision);
  await admin.waitForLog(new RegExp(`\\[error\\] \\[ValkeyStorage\\].*kept under '${kept}'`));
});

test('an emptied user directory and a credentialSecret that is new: the credentials come under it', async () => {
  const encrypted = JSON.parse(await client.get(`${PREFIX}credentials`));
  await emptyUserDir();
  await admin.restart({ settings: { ...admin.options.settings, credentialSecret: 'of settings.js' } });
  await untilAnswer(admin, 'newer:second');
  const kept = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows_cred.json')));
  assert.ok(kept.$);
  assert.notEqual(kept.$, encrypted.$);
  // The worker has no such secret: it says so and goes on.
  await worker.waitForLog(/\[error\] \[ValkeyStorage\] .*nodered:credentials/);
  assert.equal(await answerOf(worker), 'newer:second');
});
