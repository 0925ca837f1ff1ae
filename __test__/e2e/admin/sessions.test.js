'use strict';

// Log-in sessions: kept over a restart of the admin, known at a worker's start, gone in time.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREFIX, USERS, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { workerLine } = require('../../support/acl.js');
const { raw } = require('../../support/settings-source.js');
const { until } = require('../../support/wait.js');

const EDITOR = { username: 'editor', password: 'secret-of-the-editor' };
// bcrypt of 'password', as `node-red admin hash-pw` gives it.
const HEAD = `
const hash = require(${JSON.stringify(require.resolve('bcryptjs', { paths: [require.resolve('node-red')] }))}).hashSync('password', 4);
const adminAuth = { type: 'credentials', users: [{ username: 'ada', password: hash, permissions: '*' }] };
`;

let server;
let admin;

before(async () => {
  server = await startServerWithUsers({
    users: [workerLine(PREFIX, EDITOR.password, { name: EDITOR.username, editor: true })]
  });
  admin = await startInstance('admin', server, {
    flows: [],
    // Reports are refused without the user of `state`.
    valkey: { sessionTTL: 100, report: false },
    settingsHead: HEAD,
    settings: { adminAuth: raw('adminAuth') }
  });
});

after(stopAll);

async function logIn(instance) {
  const body = {
    client_id: 'node-red-admin',
    grant_type: 'password',
    scope: '*',
    username: 'ada',
    password: 'password'
  };
  const response = await instance.admin('/auth/token', { method: 'POST', body });
  return response.json().access_token;
}

const status = async (instance, token) =>
  (await instance.http('/settings', { headers: token ? { Authorization: `Bearer ${token}` } : {} })).status;

test('a log-in survives a restart of the admin', async () => {
  const token = await logIn(admin);
  assert.equal(await status(admin), 401);
  assert.equal(await status(admin, token), 200);
  await admin.restart();
  assert.equal(await status(admin, token), 200);
});

/** A worker with an editor of its own. */
const startEditor = (user) =>
  startInstance('worker', server, {
    user,
    valkey: { report: false },
    httpAdmin: true,
    settingsHead: HEAD,
    settings: { adminAuth: raw('adminAuth') }
  });

test('a log-in on the admin is known to a worker with an editor that starts later', async () => {
  const client = server.client();
  await client.call('ACL', 'LOG', 'RESET');
  const token = await logIn(admin);
  const worker = await startEditor(EDITOR);
  assert.equal(await status(worker), 401);
  assert.equal(await status(worker, token), 200);
  await worker.stop();
  assert.deepEqual(await client.call('ACL', 'LOG'), [], 'nothing was refused');
});

test('the user of workers without an editor does not read log-ins', async () => {
  const token = await logIn(admin);
  const asWorker = server.client(USERS.worker);
  await assert.rejects(asWorker.getrange(`${PREFIX}sessions`, 0, -1), /NOPERM/);
  const asEditor = server.client(EDITOR);
  await until(async () => (await asEditor.getrange(`${PREFIX}sessions`, 0, -1)).includes(token), {
    message: 'the log-in in Valkey'
  });
  // An editor that may not read them runs the flows all the same, and knows nobody.
  const worker = await startEditor(USERS.worker);
  assert.equal(await status(worker, token), 401);
  await until(() => worker.logs.includes('Started flows'), { message: () => worker.tail() });
  await worker.stop();
});

test('the key expires after sessionTTL, and each save begins that anew', async () => {
  const client = server.client();
  await logIn(admin);
  const left = await client.ttl(`${PREFIX}sessions`);
  assert.ok(left > 90 && left <= 100, `${left} s left`);
  await client.expire(`${PREFIX}sessions`, 10);
  await logIn(admin);
  assert.ok((await client.ttl(`${PREFIX}sessions`)) > 90);
});

test('an admin whose sessions file is lost takes them from Valkey', async () => {
  const token = await logIn(admin);
  await admin.stop();
  fs.rmSync(path.join(admin.userDir, '.sessions.json'));
  await admin.restart();
  assert.equal(await status(admin, token), 200);
});

test('a server that came back empty gets the sessions again', async () => {
  const token = await logIn(admin);
  await server.restart({ empty: true });
  const client = server.client();
  await until(async () => (await client.get(`${PREFIX}sessions`))?.includes(token), { message: 'the sessions key' });
});
