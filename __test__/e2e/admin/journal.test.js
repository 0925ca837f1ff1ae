'use strict';

// A deploy is two files and one transaction: cut short between any two of them, no pair is ever torn.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, afterEach, before, beforeEach, test } = require('node:test');

const {
  DEPLOY_KEYS,
  answerFlow,
  answerOf,
  startAdminAndWorker,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { renamesHead } = require('./support/renames.js');

// The process ends as in a power cut when the file that the trigger names is renamed: just before
// it, or just after. Or what follows the writing fails, as a Project's automatic commit can.
const CUT_SHORT = renamesHead((from, to, done, rename, userDir) => {
  const fs = require('node:fs');
  const path = require('node:path');
  const trigger = path.join(userDir, 'cut.json');
  const { file, when } = fs.existsSync(trigger) ? JSON.parse(fs.readFileSync(trigger)) : {};
  if (path.basename(to) !== file) {
    rename(from, to, done);
    return;
  }
  if (when !== 'before') {
    fs.renameSync(from, to);
  }
  if (when === 'failing') {
    done(new Error('the commit failed'));
    return;
  }
  process.kill(process.pid, 'SIGKILL');
});

let client;
let admin;
let worker;
let version = 0;
let stored;

const inUserDir = (name) => path.join(admin.userDir, name);
const answer = () => `${version}:token ${version}`;
const nextFlow = () => answerFlow(version + 1, { token: `token ${version + 1}` });

async function deployIsCut(when, file) {
  fs.writeFileSync(inUserDir('cut.json'), JSON.stringify({ file, when }));
  await assert.rejects(admin.deploy(nextFlow()));
  await admin.waitUntilEnded();
  fs.rmSync(inUserDir('cut.json'));
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored, 'nothing of it was mirrored');
  assert.equal(await answerOf(worker), answer());
  await admin.restart();
}

async function assertNothingHappened() {
  await untilAnswer(admin, answer());
  assert.equal(await answerOf(worker), answer());
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
}

before(async () => {
  ({ client, admin, worker } = await startAdminAndWorker({ flows: answerFlow('start'), settingsHead: CUT_SHORT }));
});

beforeEach(async () => {
  await admin.deploy(nextFlow());
  version += 1;
  await untilAnswer(worker, answer());
  stored = await client.mget(DEPLOY_KEYS);
});

afterEach(() => {
  assert.ok(!fs.existsSync(inUserDir('.node-red-storage-valkey/deploy-journal.json')), 'no journal is left');
});

after(stopAll);

test('killed before either file is written: the earlier deploy', async () => {
  await deployIsCut('before', 'flows_cred.json');
  await assertNothingHappened();
});

test('killed between credentials and flows: the credentials are rolled back', async () => {
  const credentials = fs.readFileSync(inUserDir('flows_cred.json'), 'utf8');
  await deployIsCut('before', 'flows.json');
  assert.match(
    admin.logs,
    /\[warn\] \[ValkeyStorage\] the last deploy was cut short before its flows were written: its credentials were rolled back/
  );
  assert.equal(fs.readFileSync(inUserDir('flows_cred.json'), 'utf8'), credentials);
  await assertNothingHappened();
});

test('killed after the flows are written, before anything is mirrored: the deploy goes forward', async () => {
  await deployIsCut('after', 'flows.json');
  assert.doesNotMatch(admin.logs, /rolled back/);
  version += 1;
  await untilAnswer(admin, answer());
  await untilAnswer(worker, answer());
});

test('flows that can not be written: an error, nothing mirrored, the credentials as before', async () => {
  const credentials = fs.readFileSync(inUserDir('flows_cred.json'), 'utf8');
  const obstacle = inUserDir('flows.json.$$$');
  fs.mkdirSync(obstacle);
  await assert.rejects(admin.deploy(nextFlow()), /EISDIR|500|400/);
  assert.equal(fs.readFileSync(inUserDir('flows_cred.json'), 'utf8'), credentials);
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
  assert.equal(await answerOf(worker), answer());

  // The next deploy that can be written has the credentials that Node-RED holds, given again or not.
  fs.rmdirSync(obstacle);
  version += 1;
  await admin.deploy(answerFlow(version));
  await untilAnswer(worker, answer());
  await admin.restart();
  await untilAnswer(admin, answer());
  assert.equal(await answerOf(worker), answer());
});

test('credentials that can not be written: an error, and they go with the next deploy', async () => {
  const obstacle = inUserDir('flows_cred.json.$$$');
  fs.mkdirSync(obstacle);
  await assert.rejects(admin.deploy(nextFlow()), /EISDIR|500|400/);
  fs.rmdirSync(obstacle);
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
  assert.equal(await answerOf(worker), answer());

  version += 1;
  await admin.deploy(answerFlow(version));
  await untilAnswer(worker, answer());
  await admin.restart();
  await untilAnswer(admin, answer());
});

test('flows that are written, and a failure after that: workers run what the admin runs, no torn pair', async () => {
  fs.writeFileSync(inUserDir('cut.json'), JSON.stringify({ file: 'flows.json', when: 'failing' }));
  await assert.rejects(admin.deploy(nextFlow()));
  fs.rmSync(inUserDir('cut.json'));
  await assertNothingHappened();
  version += 1;
  await admin.deploy([], { type: 'reload' });
  await untilAnswer(admin, answer());
  await untilAnswer(worker, answer());
  await admin.restart();
  await untilAnswer(admin, answer());
});
