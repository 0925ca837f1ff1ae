'use strict';

// Flows that Node-RED could not run: a deploy of them is an error in the editor, and a file of them
// is loaded for what it is, and not mirrored.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREFIX, startServerWithUsers, startInstance } = require('../support/admin-and-workers.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const GOOD = { one: { value: '1', token: 'a token' } };
const REFUSED = /\[error\] \[ValkeyStorage\] Node-RED can't run/;

let server;
let client;
let admin;
let worker;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  admin = await startInstance('admin', server, { flows: [] });
  worker = await startInstance('worker', server);
  await admin.deploy(trackedFlow(GOOD));
  await untilTracked(worker, GOOD);
});

after(async () => {
  await Promise.all([admin?.stop(), worker?.stop()]);
  await server?.stop();
});

const file = () => path.join(admin.userDir, 'flows.json');
const stored = () => client.get(`${PREFIX}flows`);

test('a deploy of them is refused by name, and everything is as it was', async () => {
  const onDisk = fs.readFileSync(file(), 'utf8');
  const before = await stored();
  const loop = ['a', 'b'].map((id, i) => ({ id, type: 'group', z: 'tracked-tab', g: 'ba'[i], nodes: [] }));
  await assert.rejects(admin.deploy([...trackedFlow({ one: { value: '2' } }), ...loop]), ({ status, body }) => {
    const { code, message } = JSON.parse(body);
    assert.equal(status, 400);
    assert.equal(code, 'ERR_VALKEY_FLOWS');
    assert.match(message, /node '[ab]' \(group\) in tab 'tracked-tab' can't be run/);
    return true;
  });
  await admin.waitForLog(REFUSED);
  assert.equal(fs.readFileSync(file(), 'utf8'), onDisk);
  assert.equal(await stored(), before);
  assert.equal((await trackedOn(admin)).one.value, '1');
  // The editor goes on from what it had.
  await admin.deploy(trackedFlow({ ...GOOD, two: { value: '1' } }));
  await untilTracked(worker, { ...GOOD, two: { value: '1' } });
});

test('a file of them is not mirrored, at no start', async () => {
  const good = fs.readFileSync(file(), 'utf8');
  const before = await stored();
  await admin.stop();
  fs.writeFileSync(file(), JSON.stringify([...JSON.parse(good), { id: 'x', z: 'tracked-tab' }]));
  for (let start = 1; start <= 2; start += 1) {
    await admin.restart();
    assert.match(admin.logs, /Node-RED can't run the flows on this disk: entry \d is no node: it has no 'type'/);
    assert.equal(await stored(), before);
  }
  assert.deepEqual(Object.keys(await trackedOn(worker)), ['one', 'two'], 'it runs on');

  await admin.stop();
  fs.writeFileSync(file(), good.replace('"value":"1"', '"value":"mended"'));
  await admin.restart();
  await untilTracked(worker, { ...GOOD, one: { value: 'mended', token: 'a token' }, two: { value: '1' } });
  assert.doesNotMatch(admin.logs, /never had/);
  assert.deepEqual(await client.keys(`${PREFIX}backup:*`), []);
});
