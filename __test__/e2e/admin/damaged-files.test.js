'use strict';

// An admin that starts over damaged files while Valkey is there: nothing empty is ever mirrored,
// workers go on, and the admin comes back with flows and credentials. With Valkey away:
// damaged-files-away.test.js.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

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

const FILES = ['flows.json', 'flows_cred.json', '.config.runtime.json'];

let server;
let client;
let admin;
let worker;
let workerPid;
let version = 0;
const emptyDeploys = [];

const fileOf = (name) => path.join(admin.userDir, name);

/** Deploys the next version, its credentials unchanged, and waits for the worker to have it. */
async function deployNext(credentials = {}) {
  version += 1;
  await admin.deploy(answerFlow(version, credentials));
  await untilAnswer(worker, `${version}:token`);
}

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  const subscriber = server.client();
  await subscriber.subscribe(`${PREFIX}flows:updated`);
  subscriber.on('message', async () => {
    const flows = await client.get(`${PREFIX}flows`);
    if (JSON.parse(flows).length === 0) {
      emptyDeploys.push(flows);
    }
  });
  admin = await startInstance('admin', server, { flows: answerFlow('start') });
  worker = await startInstance('worker', server);
  workerPid = worker.pid;
  await deployNext({ token: 'token' });
});

after(async () => {
  assert.deepEqual(emptyDeploys, []);
  assert.equal(worker?.pid, workerPid);
  await stopAll();
});

for (const name of FILES) {
  describe(name, () => {
    for (const [how, { inflict, detail }] of Object.entries(DAMAGE)) {
      test(`${how}: restored, and nothing else is mirrored`, async () => {
        const stored = await client.mget(DEPLOY_KEYS);
        await admin.stop();
        inflict(fileOf(name));
        await admin.restart();
        await untilAnswer(admin, `${version}:token`);
        assert.match(admin.logs, new RegExp(`\\[error\\] \\[ValkeyStorage\\] ${name} ${detail}.*restored from`));
        assert.equal(await answerOf(worker), `${version}:token`);
        assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
        assert.doesNotThrow(() => JSON.parse(fs.readFileSync(fileOf(name), 'utf8')));
        await deployNext();
        await untilAnswer(admin, `${version}:token`);
      });
    }
  });
}

test('a library folder that can not be read: no entry is deleted in Valkey', async () => {
  const key = `${PREFIX}library:functions:entry.js`;
  const saved = await admin.admin('/library/local/functions/entry.js', {
    method: 'POST',
    body: { text: 'return msg;' }
  });
  assert.equal(saved.status, 204);
  const entry = await client.get(key);
  assert.ok(entry);
  await admin.stop();
  // Node-RED lists a folder with a broken link in it as empty.
  const link = fileOf('lib/functions/broken.js');
  fs.symlinkSync('nowhere', link);
  await admin.restart();
  await admin.waitForLog(/\[error\] \[ValkeyStorage\] library: library folder functions can't be read/);
  assert.equal(await client.get(key), entry);
  fs.rmSync(link);
});

test('all three at once, and their backups', async () => {
  const stored = await client.mget(DEPLOY_KEYS);
  await admin.stop();
  for (const name of FILES) {
    DAMAGE['cut in half'].inflict(fileOf(name));
  }
  fs.rmSync(fileOf('.flows.json.backup'));
  fs.rmSync(fileOf('.flows_cred.json.backup'));
  fs.rmSync(fileOf('.config.runtime.json.backup'));
  await admin.restart();
  await untilAnswer(admin, `${version}:token`);
  assert.equal(await answerOf(worker), `${version}:token`);
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
});

test("Valkey emptied as well: Node-RED's backup is what is left", async () => {
  await deployNext();
  const before = version;
  await deployNext();
  await admin.stop();
  DAMAGE['cut in half'].inflict(fileOf('flows.json'));
  await server.restart({ empty: true });
  await admin.restart();
  assert.match(admin.logs, /flows\.json is not whole JSON: restored from Node-RED's backup/);
  await untilAnswer(admin, `${before}:token`);
  await untilAnswer(worker, `${before}:token`);
});

test('nothing left to restore from: the admin starts, mirrors nothing, and workers go on', async () => {
  const before = await answerOf(worker);
  await admin.stop();
  DAMAGE['cut in half'].inflict(fileOf('flows.json'));
  fs.rmSync(fileOf('.flows.json.backup'));
  await client.del(...DEPLOY_KEYS, `${PREFIX}revision`);
  await admin.restart();
  assert.match(
    admin.logs,
    /flows\.json is not whole JSON and there is nothing to restore it from: starting without flows, nothing is mirrored/
  );
  assert.equal(await client.exists(`${PREFIX}flows`), 0);
  assert.equal(await answerOf(worker), before);
});
