'use strict';

// The history of deploys in a real Node-RED: who has deployed what, and an earlier deploy brought back,
// on the admin's disk, in Valkey and on the workers.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  answerFlow,
  startAdminAndWorker,
  startInstance,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { withPlugin } = require('../editor/support/installed-copy.js');
const { until } = require('../../support/wait.js');
const { differenceOf, entriesOf, refusal, rollBack, say } = require('./support/history-api.js');

let server;
let client;
let admin;
let worker;

before(async () => {
  ({ server, client, admin, worker } = await startAdminAndWorker(withPlugin({ flows: answerFlow('first') })));
  await untilAnswer(worker, 'first:none');
});

after(stopAll);

const newest = async () => (await entriesOf(admin))[0];
const onDisk = (name) => JSON.parse(fs.readFileSync(path.join(admin.userDir, name), 'utf8'));

test('each deploy is an entry, with how it was made and what it has changed', async () => {
  await admin.deploy(answerFlow('second', { token: 'a' }), { type: 'nodes' });
  await untilAnswer(worker, 'second:a');
  await admin.deploy([...answerFlow('third', { token: 'b' }), { id: 'new', type: 'tab', label: 'New tab' }]);
  await untilAnswer(worker, 'third:b');
  const entries = await entriesOf(admin);
  assert.deepEqual(
    entries.map(({ sequence, origin, type, added, changed, removed, tabs, current }) => ({
      sequence,
      origin,
      type,
      counts: [added, changed, removed],
      tabs,
      current
    })),
    [
      { sequence: 3, origin: 'deploy', type: 'full', counts: [1, 1, 0], tabs: ['Answer', 'New tab'], current: true },
      { sequence: 2, origin: 'deploy', type: 'nodes', counts: [0, 1, 0], tabs: ['Answer'], current: false },
      { sequence: 1, origin: 'load', type: null, counts: [5, 0, 0], tabs: ['Answer'], current: false }
    ]
  );
  assert.match(entries[0].address, /^(127\.0\.0\.1|::1)$/);
  assert.ok(entries.every(({ time }) => Math.abs(Date.now() - time) < 600_000));
});

test('what has changed is told by tab, node and property, and of credentials nothing but that', async () => {
  const told = await differenceOf(admin, 3, 1);
  assert.equal(told.credentialsChanged, true);
  assert.deepEqual([told.from, told.to], [1, 3]);
  const [answer] = told.tabs;
  assert.deepEqual(
    answer.nodes.map(({ id, change, properties }) => [id, change, properties.map(({ name }) => name)]),
    [['set', 'changed', ['rules']]]
  );
  assert.match(answer.nodes[0].properties[0].after, /third/);
  assert.deepEqual((await differenceOf(admin, 3)).from, 2);
  assert.deepEqual(await refusal(differenceOf(admin, 99)), [404, 'ERR_VALKEY_HISTORY']);
  assert.deepEqual(await refusal(differenceOf(admin, 'x')), [404, 'ERR_VALKEY_HISTORY']);
});

test('an earlier deploy is brought back with its credentials, on disk, in Valkey and on the worker', async () => {
  const before = await admin.getFlows();
  const outcome = await rollBack(admin, 2, { message: ' it leaked ' });
  assert.deepEqual({ ...outcome, rev: null }, { rev: null, missing: [], credentials: 'restored', away: null });
  await Promise.all([untilAnswer(admin, 'second:a', 2000), untilAnswer(worker, 'second:a', 2000)]);
  const now = await admin.getFlows();
  assert.notEqual(now.rev, before.rev);
  assert.equal(now.rev, outcome.rev);
  assert.deepEqual(onDisk('flows.json'), now.flows);
  assert.deepEqual(JSON.parse(await client.get(`${PREFIX}flows`)), now.flows);
  assert.deepEqual(JSON.parse(await client.get(`${PREFIX}credentials`)), onDisk('flows_cred.json'));
  const { sequence, origin, to, message } = await newest();
  assert.deepEqual([sequence, origin, to, message], [4, 'rollback', 2, 'it leaked']);
});

test('a rollback can be rolled back, and of two at once one comes after the other', async () => {
  await rollBack(admin, 3);
  await untilAnswer(worker, 'third:b');
  await Promise.all([rollBack(admin, 1), rollBack(admin, 2)]);
  const [last, before] = await entriesOf(admin);
  assert.deepEqual([last.origin, before.origin], ['rollback', 'rollback']);
  assert.deepEqual([last.to, before.to].sort(), [1, 2]);
  const wanted = last.to === 1 ? 'first:none' : 'second:a';
  await Promise.all([untilAnswer(admin, wanted), untilAnswer(worker, wanted)]);
});

test('one that is to follow another revision than that which is deployed is refused', async () => {
  const { rev } = await admin.getFlows();
  await admin.deploy(answerFlow('between', { token: 'c' }), { type: 'nodes' });
  assert.deepEqual(await refusal(rollBack(admin, 1, { rev })), [409, 'version_mismatch']);
  assert.equal((await newest()).origin, 'deploy');
  await untilAnswer(worker, 'between:c');
});

test('with Valkey away, disk and editor go back at once, and workers when it is there', async () => {
  server.kill();
  const outcome = await rollBack(admin, 2);
  assert.equal(typeof outcome.away, 'string');
  await untilAnswer(admin, 'second:a');
  assert.match(fs.readFileSync(path.join(admin.userDir, 'flows.json'), 'utf8'), /second/);
  assert.equal((await newest()).to, 2);
  await server.restart();
  await untilAnswer(worker, 'second:a', 20_000);
  client = server.client();
  const entries = await entriesOf(admin);
  await until(async () => (await client.keys(`${PREFIX}history:*`)).length === entries.length, {
    message: 'the history in Valkey'
  });
});

test('types that are not installed any more are told, and it is done when that is wanted', async () => {
  const unknown = [...answerFlow('with one', { token: 'd' }), { id: 'gone', type: 'gone-type', z: 'tab', wires: [] }];
  await admin.deploy(unknown, { type: 'nodes' });
  const { sequence } = await newest();
  await admin.deploy(answerFlow('without', { token: 'd' }), { type: 'nodes' });
  await untilAnswer(worker, 'without:d');
  await assert.rejects(rollBack(admin, sequence), ({ status, body }) => {
    assert.equal(status, 409);
    assert.deepEqual(JSON.parse(body).missing, ['gone-type']);
    return true;
  });
  assert.equal((await admin.getFlows()).flows.length, 5);
  const outcome = await rollBack(admin, sequence, { acceptMissing: true });
  assert.deepEqual(outcome.missing, ['gone-type']);
  assert.equal((await admin.getFlows()).flows.length, 6);
  await admin.deploy(answerFlow('without', { token: 'd' }), { type: 'nodes' });
  await untilAnswer(worker, 'without:d');
});

test('with another secret than then, flows go back and the credentials of today stay', async () => {
  await admin.deploy(answerFlow('same secret', { token: 'e' }), { type: 'nodes' });
  const { sequence } = await newest();
  const settings = { ...admin.options.settings, credentialSecret: 'another one' };
  await admin.restart({ settings });
  await admin.deploy(answerFlow('other secret', { token: 'f' }));
  // Where Node-RED could not take the old ones over.
  await untilAnswer(admin, 'other secret:f');
  const outcome = await rollBack(admin, sequence);
  assert.equal(outcome.credentials, 'kept');
  await untilAnswer(admin, 'same secret:f');
});

test('somebody can say something of an entry, also when it is bounded', async () => {
  assert.equal((await say(admin, 2, 'before the audit')).status, 204);
  const entry = (await entriesOf(admin)).find(({ sequence }) => sequence === 2);
  assert.equal(entry.message, 'before the audit');
  assert.deepEqual(await refusal(say(admin, 99, 'no')), [404, 'ERR_VALKEY_HISTORY']);
});

test("with 'history: false' there is none", async () => {
  const other = await startInstance(
    'admin',
    server,
    withPlugin({
      flows: [],
      valkey: { history: false, keyPrefix: `${PREFIX}other:` }
    })
  );
  assert.deepEqual(await refusal(entriesOf(other)), [404, 'history_off']);
  assert.ok(!fs.existsSync(path.join(other.userDir, '.node-red-storage-valkey', 'history')));
  await other.stop();
});
