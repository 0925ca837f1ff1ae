'use strict';

// An admin with `readOnly: true` has nothing on disk, so it mirrors nothing.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');

let server;
let admin;

before(async () => {
  server = await startServerWithUsers();
  admin = await startInstance('admin', server, { flows: answerFlow('disk'), settings: { readOnly: true } });
});

after(stopAll);

test('it runs, mirrors nothing, writes nothing, and warns once', async () => {
  const client = server.client();
  await untilAnswer(admin, 'disk:none');
  await admin.deploy(answerFlow('memory', { token: 'token' }));
  await untilAnswer(admin, 'memory:token');
  const saved = await admin.admin('/settings/user', { method: 'POST', body: { menu: {} } });
  assert.equal(saved.status, 204);
  assert.deepEqual(await client.keys('*'), []);
  const [first, ...lines] = admin.logs.split('\n').filter((line) => line.includes('[ValkeyStorage]'));
  assert.match(first, /\[info\] .*: admin of /);
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], /\[warn\] \[ValkeyStorage\] 'readOnly' is set: .*nothing is mirrored/);
  const onDisk = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json')));
  assert.deepEqual(onDisk, answerFlow('disk'));
  assert.ok(!fs.existsSync(path.join(admin.userDir, '.node-red-storage-valkey')));
});
