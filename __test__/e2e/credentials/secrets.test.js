'use strict';

// Which secrets decrypt the credentials: every combination of an admin's and a worker's settings.
// All clusters are on one server, each under a prefix of its own.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const CANNOT = /\[error\] \[ValkeyStorage\] .*credentials': .*credentialSecret/;

let server;
let client;

before(async () => {
  server = await startServerWithUsers({ workerPrefix: `${PREFIX}*` });
  client = server.client();
});

after(stopAll);

/** An instance of the cluster `name`. */
function start(role, name, { secret, share, ...options } = {}) {
  return startInstance(role, server, {
    ...(role === 'admin' ? { flows: [] } : {}),
    ...options,
    valkey: { keyPrefix: `${PREFIX}${name}:`, ...(share === undefined ? {} : { shareCredentialSecret: share }) },
    settings: secret === undefined ? {} : { credentialSecret: secret }
  });
}

const end = (...instances) => Promise.all(instances.map((instance) => instance.stop()));

const stored = async (name, key) => JSON.parse(await client.get(`${PREFIX}${name}:${key}`));
const deploy = (admin, value, token) => admin.deploy(trackedFlow({ node: { value, token } }), { type: 'nodes' });

/** A deploy and then a credential alone reach these workers. */
async function takeOver(admin, workers, name) {
  await deploy(admin, name, `first of ${name}`);
  await Promise.all(
    workers.map((worker) => untilTracked(worker, { node: { value: name, token: `first of ${name}` } }))
  );
  await deploy(admin, name, `second of ${name}`);
  await Promise.all(
    workers.map((worker) => untilTracked(worker, { node: { value: name, token: `second of ${name}` } }))
  );
  assert.ok((await stored(name, 'credentials')).$, 'they are encrypted in Valkey');
}

test('no secret on the admin: workers without and with one of their own, started before it', async () => {
  const name = 'none';
  const [without, own] = await Promise.all([
    start('worker', name, { wait: 'listening' }),
    start('worker', name, { wait: 'listening', secret: 'of this worker' })
  ]);
  await Promise.all([without, own].map((worker) => worker.waitForLog(/Valkey holds no flows yet/)));
  assert.equal(await client.exists(`${PREFIX}${name}:settings`), 0, 'a worker invents no secret for the cluster');
  const admin = await start('admin', name);
  await takeOver(admin, [without, own], name);
  assert.equal(typeof (await stored(name, 'settings'))._credentialSecret, 'string');

  // The same from a start with everything there.
  await Promise.all([without.restart(), own.restart()]);
  const wanted = { node: { value: name, token: `second of ${name}` } };
  await Promise.all([without, own].map((worker) => untilTracked(worker, wanted)));
  for (const { logs } of [without, own]) {
    assert.doesNotMatch(logs, /\[error\]|Error loading credentials/);
  }

  // The admin gets a secret in its settings: Node-RED migrates with the next deploy.
  await admin.restart({ settings: { credentialSecret: 'of this worker' } });
  await admin.waitForLog(
    /\[warn\] \[ValkeyStorage\] from the next deploy on, .* every worker needs the same 'credentialSecret'/
  );
  const from = without.mark();
  await deploy(admin, 'migrated', 'third');
  await untilTracked(own, { node: { value: 'migrated', token: 'third' } });
  assert.equal((await stored(name, 'settings'))._credentialSecret, undefined);
  await without.waitForLog(CANNOT, { from });
  assert.deepEqual(Object.keys(await trackedOn(without)), ['node']);
  assert.equal((await trackedOn(without)).node.value, name, 'flows and credentials of before run on');
  assert.equal((await trackedOn(without)).node.token, `second of ${name}`);
  await end(admin, without, own);
});

test('a secret on the admin: workers with the same, without and with another', async () => {
  const name = 'both';
  const admin = await start('admin', name, { secret: 'shared by hand' });
  const same = await start('worker', name, { secret: 'shared by hand' });
  await takeOver(admin, [same], name);
  assert.equal((await stored(name, 'settings'))._credentialSecret, undefined, 'never stored');
  const others = await Promise.all([
    start('worker', name, { wait: 'listening' }),
    start('worker', name, { wait: 'listening', secret: 'another' })
  ]);
  for (const other of others) {
    await other.waitForLog(CANNOT);
    assert.deepEqual(await trackedOn(other), {}, 'nothing runs without its credentials');
    assert.doesNotMatch(other.logs, /shared by hand|another'/);
  }
  await same.restart();
  await untilTracked(same, { node: { value: name, token: `second of ${name}` } });
  await end(admin, same, ...others);
});

test('an empty text as secret on both, which Node-RED takes for a secret', async () => {
  const name = 'empty';
  const admin = await start('admin', name, { secret: '' });
  const worker = await start('worker', name, { secret: '' });
  await takeOver(admin, [worker], name);
  await admin.restart();
  await deploy(admin, 'again', 'third');
  await untilTracked(worker, { node: { value: 'again', token: 'third' } });
  await end(admin, worker);
});

test('shareCredentialSecret: false with credentialSecret on both', async () => {
  const name = 'unshared';
  const options = { secret: 'known to both', share: false };
  const admin = await start('admin', name, options);
  const worker = await start('worker', name, options);
  await takeOver(admin, [worker], name);
  assert.equal((await stored(name, 'settings'))._credentialSecret, undefined);
  await end(admin, worker);
});

test('shareCredentialSecret: false and no credentialSecret: a clear error and no secret in Valkey', async () => {
  const name = 'unshared-none';
  const admin = await start('admin', name, { share: false });
  await deploy(admin, '1', 'never seen by the worker');
  await admin.waitForLog(
    /\[warn\] \[ValkeyStorage\] 'shareCredentialSecret' is false and settings\.js has no 'credentialSecret'/
  );
  const worker = await start('worker', name, { share: false, wait: 'listening' });
  await worker.waitForLog(CANNOT);
  assert.deepEqual(await trackedOn(worker), {});
  assert.equal((await stored(name, 'settings'))._credentialSecret, undefined);
  for (const key of await client.keys(`${PREFIX}${name}:*`)) {
    if ((await client.type(key)) === 'string') {
      assert.doesNotMatch(await client.get(key), /_credentialSecret/, key);
    }
  }
  await end(admin, worker);
});

test('encryption switched off on the admin', async () => {
  const name = 'plain';
  const admin = await start('admin', name, { secret: false });
  const workers = await Promise.all([
    start('worker', name, { wait: 'listening' }),
    start('worker', name, { wait: 'listening', secret: 'of this worker' }),
    start('worker', name, { wait: 'listening', secret: false })
  ]);
  await deploy(admin, name, 'plain token');
  await Promise.all(workers.map((worker) => untilTracked(worker, { node: { value: name, token: 'plain token' } })));
  await end(admin, ...workers);
});
