'use strict';

// An admin that starts over damaged files while Valkey is away: Node-RED's backups serve meanwhile,
// nothing is mirrored, and what Valkey holds is restored when it is back.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, afterEach, before, test } = require('node:test');

const {
  DEPLOY_KEYS,
  PREFIX,
  answerFlow,
  answerOf,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { DAMAGE } = require('../../support/damage.js');
const { startProxy } = require('../../support/proxy.js');

const RECONNECTED_WITHIN = 30_000;

let server;
let proxy;
let client;
let admin;
let worker;
let stored;

const fileOf = (name) => path.join(admin.userDir, name);

async function restartAway(damage) {
  await admin.stop();
  damage();
  proxy.cut();
  await admin.restart();
}

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  proxy = await startProxy(server);
  admin = await startInstance('admin', proxy, { flows: answerFlow('start') });
  await admin.deploy(answerFlow('older', { token: 'older' }));
  await admin.deploy(answerFlow('newer', { token: 'newer' }));
  worker = await startInstance('worker', server);
  await untilAnswer(worker, 'newer:newer');
  stored = await client.mget(DEPLOY_KEYS);
});

// Whatever happened, Valkey holds what was deployed, and both run it.
afterEach(async () => {
  assert.equal(await answerOf(worker), 'newer:newer');
  proxy.resume();
  await untilAnswer(admin, 'newer:newer', RECONNECTED_WITHIN);
  assert.equal(await answerOf(worker), 'newer:newer');
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
  assert.deepEqual(await client.keys(`${PREFIX}backup:*`), []);
});

after(async () => {
  await stopAll();
  await proxy?.close();
});

test('flows.json cut in half: the backup runs until Valkey is back', async () => {
  await restartAway(() => DAMAGE['cut in half'].inflict(fileOf('flows.json')));
  assert.match(
    admin.logs,
    /\[error\] \[ValkeyStorage\] flows\.json is not whole JSON: restored from Node-RED's backup, which is one deploy older/
  );
  assert.equal(await answerOf(admin), 'older:newer');
  // By now the disk looks whole, with flows that are older than those in Valkey.
  await admin.deploy([], { type: 'reload' });
  await admin.restart();
  assert.equal(await answerOf(admin), 'older:newer');
});

test("flows.json cut in half in running, then 'restart flows': what ran goes on", async () => {
  proxy.cut();
  DAMAGE['cut in half'].inflict(fileOf('flows.json'));
  await admin.deploy([], { type: 'reload' });
  await admin.waitForLog(
    /\[error\] \[ValkeyStorage\] flows\.json is not whole JSON: flows and credentials were restored from memory/
  );
  await untilAnswer(admin, 'newer:newer');
  const kept = JSON.parse(fs.readFileSync(fileOf('flows.json')));
  assert.equal(kept.find(({ id }) => id === 'set').rules[0].to, 'newer');
});

test('flows_cred.json unreadable: the backup runs until Valkey is back', async () => {
  // The admin may still be reconnecting: what is stored counts once a worker has it.
  await admin.deploy(answerFlow('newer', { token: 'older' }));
  await untilAnswer(worker, 'newer:older', RECONNECTED_WITHIN);
  await admin.deploy(answerFlow('newer', { token: 'newer' }));
  await untilAnswer(worker, 'newer:newer', RECONNECTED_WITHIN);
  stored = await client.mget(DEPLOY_KEYS);
  await restartAway(() => DAMAGE.unreadable.inflict(fileOf('flows_cred.json')));
  assert.match(
    admin.logs,
    /\[error\] \[ValkeyStorage\] flows_cred\.json can't be read .*: restored from Node-RED's backup/
  );
  assert.equal(await answerOf(admin), 'newer:older');
});

test('.config.runtime.json and its backup lost: the secret comes with Valkey', async () => {
  await restartAway(() => {
    DAMAGE['cut in half'].inflict(fileOf('.config.runtime.json'));
    fs.rmSync(fileOf('.config.runtime.json.backup'), { force: true });
  });
  assert.match(admin.logs, /\[error\] \[ValkeyStorage\] \.config\.runtime\.json is not whole JSON/);
  assert.equal(await answerOf(admin), 'newer:none');
});

test('flows and credentials and their backups lost: it begins empty', async () => {
  await restartAway(() => {
    DAMAGE.empty.inflict(fileOf('flows.json'));
    DAMAGE.missing.inflict(fileOf('flows_cred.json'));
    fs.rmSync(fileOf('.flows.json.backup'));
    fs.rmSync(fileOf('.flows_cred.json.backup'));
  });
  assert.match(
    admin.logs,
    /\[error\] \[ValkeyStorage\] flows\.json is empty and there is nothing to restore it from: starting without flows, nothing is mirrored/
  );
  assert.equal(await answerOf(admin), 'status 404');
});

test('the disk refuses what is restored: it is tried again', async () => {
  // Node-RED writes its draft there.
  const inTheWay = fileOf('flows.json.$$$');
  await restartAway(() => {
    DAMAGE.missing.inflict(fileOf('flows.json'));
    fs.rmSync(fileOf('.flows.json.backup'), { force: true });
    fs.mkdirSync(inTheWay);
  });
  proxy.resume();
  await admin.waitForLog(
    /\[error\] \[ValkeyStorage\] restore: .*what Valkey holds is not on this disk yet, trying again/
  );
  assert.equal(await answerOf(admin), 'status 404');
  fs.rmdirSync(inTheWay);
});

test('a deploy over lost flows, and a restart before Valkey is back: the deploy wins, the old one is kept', async () => {
  await restartAway(() => {
    DAMAGE.missing.inflict(fileOf('flows.json'));
    fs.rmSync(fileOf('.flows.json.backup'), { force: true });
  });
  await admin.deploy(answerFlow('over it', { token: 'new' }));
  await admin.restart();
  proxy.resume();
  await untilAnswer(worker, 'over it:new', RECONNECTED_WITHIN);
  const [kept] = await client.keys(`${PREFIX}backup:*`);
  assert.equal((await client.hgetall(kept)).flows, stored[0]);
  // Back to what the other tests expect.
  await client.del(kept);
  await admin.deploy(answerFlow('newer', { token: 'newer' }));
  await untilAnswer(worker, 'newer:newer');
  stored = await client.mget(DEPLOY_KEYS);
});
