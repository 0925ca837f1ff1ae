'use strict';

// Credentials that change on their own.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { decrypt, encrypt } = require('../../../lib/flows/credentials.js');
const { PREFIX, startAdminAndWorker, stopAll } = require('../support/admin-and-workers.js');
const { storeForeign } = require('../support/foreign.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const CREDENTIALS = `${PREFIX}credentials`;
const KEPT = { one: { value: '1', token: 'new' }, two: { value: '1', token: 'two' }, none: { value: '1' } };

let client;
let admin;
let worker;

before(async () => {
  ({ client, admin, worker } = await startAdminAndWorker());
});

after(stopAll);

async function deploy(nodes) {
  await admin.deploy(trackedFlow(nodes), { type: 'nodes' });
}

test('a credential changed alone restarts only the node that uses it', async () => {
  await deploy({ one: { value: '1', token: 'one' }, two: { value: '1', token: 'two' }, none: { value: '1' } });
  const before = await untilTracked(worker, {
    one: { value: '1', token: 'one' },
    two: { value: '1', token: 'two' },
    none: { value: '1' }
  });
  await deploy({ one: { value: '1', token: 'new' }, two: { value: '1' }, none: { value: '1' } });
  const now = await untilTracked(worker, KEPT);
  assert.equal(now.one.starts, before.one.starts + 1);
  assert.equal(now.two.starts, before.two.starts);
  assert.equal(now.none.starts, before.none.starts);
});

test('the same credentials encrypted anew restart nothing', async () => {
  const before = await trackedOn(worker);
  const { _credentialSecret: secret } = JSON.parse(await client.get(`${PREFIX}settings`));
  const stored = await client.get(CREDENTIALS);
  const anew = JSON.stringify(encrypt(secret, decrypt(secret, JSON.parse(stored))));
  assert.notEqual(anew, stored);
  await storeForeign(client, { [CREDENTIALS]: anew });
  // A later deploy that does change something has come through: so has the one before.
  await deploy({ one: { value: '1' }, two: { value: '1' }, none: { value: '2' } });
  const now = await untilTracked(worker, { ...KEPT, none: { value: '2' } });
  assert.equal(now.one.starts, before.one.starts);
  assert.equal(now.two.starts, before.two.starts);
  await deploy({ one: { value: '1' }, two: { value: '1' }, none: { value: '1' } });
  await untilTracked(worker, KEPT);
});

test('no line of any log holds a credential', async () => {
  const token = 'token-that-no-log-may-hold';
  await deploy({ one: { value: '1', token }, two: { value: '1' }, none: { value: '1' } });
  await untilTracked(worker, { ...KEPT, one: { value: '1', token } });
  const secret = JSON.parse(await client.get(`${PREFIX}settings`))._credentialSecret;
  assert.ok(secret);
  for (const { logs } of [admin, worker]) {
    assert.ok(!logs.includes(token) && !logs.includes(secret));
  }
});
