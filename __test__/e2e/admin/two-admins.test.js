'use strict';

// Two admins on one prefix: one of them is in charge, and the other says so.

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
  startAdminAndWorker,
  startInstance,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { until } = require('../../support/wait.js');

const LEASE = 10_000;
const TAKES_OVER =
  /\[ValkeyStorage\] the lease of the other admin \(\w+, host [\w.-]+, process \d+\) has run out: this admin takes over/;
const IS_LOADED =
  /\[warn\] \[ValkeyStorage\] the deploy that was refused while another admin was in charge is on this disk/;
const OTHER_IS_ACTIVE =
  /\[error\] \[ValkeyStorage\] another admin \((\w+), host [\w.-]+, process \d+\) is active on this key prefix/;

let server;
let client;
let first;
let second;
let worker;

const idOf = (admin) =>
  JSON.parse(fs.readFileSync(path.join(admin.userDir, '.node-red-storage-valkey', 'admin.json'))).id;

const onDisk = (admin) => JSON.parse(fs.readFileSync(path.join(admin.userDir, 'flows.json')));

/** A deploy, whatever is answered. */
const tryDeploy = (admin, flows) =>
  admin.http('/flows', {
    method: 'POST',
    headers: { 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': 'full' },
    body: { flows }
  });

before(async () => {
  ({ server, client, admin: first, worker } = await startAdminAndWorker({ flows: answerFlow('first') }));
  await untilAnswer(worker, 'first:none');
});

after(stopAll);

test('the same admin restarted is not locked out', async () => {
  first.kill();
  await first.waitUntilEnded();
  assert.ok((await client.pttl(`${PREFIX}lease`)) > 0, 'the lease of the killed process still lives');
  await first.restart();
  await first.deploy(answerFlow('again'));
  await untilAnswer(worker, 'again:none');
  assert.doesNotMatch(first.logs, OTHER_IS_ACTIVE);
});

test('a second admin mirrors nothing and says why; its deploy is on its disk and answers with an error', async () => {
  const before = await contentOf(client);
  second = await startInstance('admin', server, { flows: answerFlow('second') });
  const [, named] = await second.waitForLog(OTHER_IS_ACTIVE);
  assert.equal(named, idOf(first));
  assert.deepEqual(await contentOf(client), before);

  const response = await tryDeploy(second, answerFlow('second deploy'));
  assert.equal(response.json().code, 'ERR_VALKEY_OTHER_ADMIN');
  assert.ok(response.status >= 400);
  assert.deepEqual(onDisk(second), answerFlow('second deploy'));
  assert.deepEqual(await contentOf(client), before);
  assert.equal(await answerOf(worker), 'again:none');

  await first.deploy(answerFlow('first again'));
  await untilAnswer(worker, 'first again:none');
});

test('a suspended admin loses its lease, and knows that when it goes on', async () => {
  const flows = await client.get(`${PREFIX}flows`);
  first.pause();
  const mark = second.mark();
  await second.waitForLog(TAKES_OVER, { deadline: LEASE + 8000, from: mark });
  await untilAnswer(worker, 'second deploy:none');
  await until(async () => (await revisionOf(client)).owner === idOf(second), { message: 'the new owner' });
  const [kept, ...others] = await client.keys(`${PREFIX}backup:*`);
  assert.deepEqual(others, []);
  assert.equal((await client.hgetall(kept)).flows, flows);
  await second.waitForLog(new RegExp(`kept under '${kept}'`));

  first.resume();
  await first.waitForLog(OTHER_IS_ACTIVE, { deadline: 10_000 });
  const response = await tryDeploy(first, answerFlow('late'));
  assert.equal(response.json().code, 'ERR_VALKEY_OTHER_ADMIN');
  assert.equal((await revisionOf(client)).owner, idOf(second));
  assert.equal(await answerOf(worker), 'second deploy:none');
});

test('when the admin in charge is killed, the other one takes over and keeps what it replaces', async () => {
  const flows = await client.get(`${PREFIX}flows`);
  const earlier = await client.keys(`${PREFIX}backup:*`);
  second.kill();
  const mark = first.mark();
  await first.waitForLog(TAKES_OVER, { deadline: LEASE + 8000, from: mark });
  await untilAnswer(worker, 'late:none');
  const [kept] = (await client.keys(`${PREFIX}backup:*`)).filter((key) => !earlier.includes(key));
  assert.equal((await client.hgetall(kept)).flows, flows);
});

test('a refused deploy is loaded by the admin that takes over, so that all run the same', async () => {
  await second.restart();
  await second.waitForLog(OTHER_IS_ACTIVE);
  const before = await second.getFlows();
  const response = await tryDeploy(second, answerFlow('refused'));
  assert.equal(response.json().code, 'ERR_VALKEY_OTHER_ADMIN');
  assert.equal(await answerOf(second), 'second deploy:none', 'Node-RED does not run what was refused');
  assert.equal((await second.getFlows()).rev, before.rev);

  await first.stop();
  await second.waitForLog(TAKES_OVER, { deadline: LEASE + 8000 });
  await second.waitForLog(IS_LOADED);
  await untilAnswer(worker, 'refused:none');
  await untilAnswer(second, 'refused:none');
  const now = await second.getFlows();
  assert.notEqual(now.rev, before.rev);
  assert.deepEqual(now.flows, answerFlow('refused'));
  assert.deepEqual(onDisk(second), answerFlow('refused'));
  assert.deepEqual(JSON.parse(await client.get(`${PREFIX}flows`)), answerFlow('refused'));

  // Who still sees the flows of before can't replace it unseen.
  const late = await second.http('/flows', {
    method: 'POST',
    headers: { 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': 'full' },
    body: { flows: answerFlow('from before'), rev: before.rev }
  });
  assert.equal(late.status, 409);
  assert.deepEqual(onDisk(second), answerFlow('refused'));
  await second.deploy(answerFlow('after it'), { rev: now.rev });
  await untilAnswer(worker, 'after it:none');
});

test('an admin that takes over with nothing refused loads nothing', async () => {
  await first.restart();
  await first.waitForLog(OTHER_IS_ACTIVE);
  const mark = first.mark();
  await second.stop();
  await first.waitForLog(TAKES_OVER, { deadline: LEASE + 8000, from: mark });
  await untilAnswer(worker, 'late:none');
  assert.doesNotMatch(first.logs.slice(mark), /Stopping|Starting flows/);
});

test('an admin on a disk that was set back replaces what is newer, and keeps it', async () => {
  const copy = path.join(first.userDir, '..', `${path.basename(first.userDir)}-copy`);
  await first.stop();
  fs.cpSync(first.userDir, copy, { recursive: true });
  try {
    await first.restart();
    await first.deploy(answerFlow('lost by the disk'));
    await untilAnswer(worker, 'lost by the disk:none');
    await first.stop();
    fs.rmSync(first.userDir, { recursive: true });
    fs.renameSync(copy, first.userDir);
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
  const flows = await client.get(`${PREFIX}flows`);
  const earlier = await client.keys(`${PREFIX}backup:*`);
  await first.restart();
  await untilAnswer(worker, 'late:none');
  assert.doesNotMatch(first.logs, OTHER_IS_ACTIVE);
  const [kept] = (await client.keys(`${PREFIX}backup:*`)).filter((key) => !earlier.includes(key));
  assert.equal((await client.hgetall(kept)).flows, flows);
});
