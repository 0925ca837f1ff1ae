'use strict';

// A deploy: on the disk first, as a pair, and then to Valkey. What fails after the flows are written:
// saving-failure.test.js.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { encrypt } = require('../../lib/flows/credentials');
const { until } = require('../support/wait');
const { createAdminParts } = require('./support/admin-parts');
const { CREDENTIALS, FLOWS, OWN, flowsOf, onDisk, plainOf } = require('./support/loading');

const JOURNAL = path.join('.node-red-storage-valkey', 'deploy-journal.json');
const credentialsOf = (whose) => encrypt(OWN, plainOf(whose));
const pairOf = (flows, credentials = flows) => ({ flows, credentials, secret: OWN });

/** After this, credentials that were saved alone are mirrored. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** An admin; `deploy(name)` saves as Node-RED does: credentials when they have changed, and then flows. */
function create(given) {
  const admin = createAdminParts(given);
  const deploy = async (name, { credentials = name, user } = {}) => {
    if (credentials) {
      await admin.saving.credentials(credentialsOf(credentials));
    }
    await admin.saving.flows(flowsOf(name), user);
  };
  return { ...admin, deploy };
}

test('a deploy is in the journal, on the disk and then in Valkey, once', async () => {
  const { core, deploy, disk, local } = create();
  const seen = [];
  const see = (what) => seen.push([what, disk.has(JOURNAL), onDisk(disk)]);
  for (const name of ['saveCredentials', 'saveFlows']) {
    const save = local[name];
    local[name] = (...given) => {
      see(name);
      return save(...given);
    };
  }
  const send = core.mirrorDeploy;
  core.mirrorDeploy = (...given) => {
    see('deploy');
    return send(...given);
  };
  await deploy('new');
  await turn();
  assert.deepEqual(seen, [
    ['saveCredentials', true, { flows: 'disk', credentials: 'disk' }],
    ['saveFlows', true, { flows: 'disk', credentials: 'new' }],
    ['deploy', false, { flows: 'new', credentials: 'new' }]
  ]);
  assert.deepEqual(core.sent, [pairOf('new')]);
});

test('the core holds no more flows than those of the last deploy', async () => {
  const { core, deploy, local, saving } = create();
  await deploy('new');
  await deploy('newer');
  const save = local.saveFlows;
  local.saveFlows = async () => {
    throw new Error('disk full');
  };
  await assert.rejects(deploy('failed'), /disk full/);
  local.saveFlows = save;
  await saving.credentials(credentialsOf('alone'));
  await until(() => core.sent.length === 3, { message: 'the credentials in Valkey' });
  assert.deepEqual(core.sent[2], pairOf('newer', 'alone'));
  const held = core.prepared.map((prepared) => prepared.text() !== null);
  assert.deepEqual(held, [false, true, false]);
});

test('flows alone go with the credentials of the disk', async () => {
  const { core, deploy } = create();
  await deploy('new', { credentials: null });
  await deploy('newer', { credentials: null });
  assert.deepEqual(core.sent, [pairOf('new', 'disk'), pairOf('newer', 'disk')]);
});

test('credentials alone go with the flows that were deployed last, and leave no journal', async () => {
  const { core, deploy, disk, saving } = create();
  await deploy('new');
  await saving.credentials(credentialsOf('alone'));
  assert.equal(core.sent.length, 1, 'flows may follow yet');
  await until(() => core.sent.length === 2, { message: 'the credentials in Valkey' });
  assert.deepEqual(core.sent[1], pairOf('new', 'alone'));
  assert.deepEqual(onDisk(disk), { flows: 'new', credentials: 'alone' });
  assert.ok(!disk.has(JOURNAL));
});

test('flows that are deployed right after credentials alone go with them', async () => {
  const { core, deploy, journal, saving } = create();
  await deploy('new');
  const { end } = journal;
  let ended;
  journal.end = () => {
    journal.end = end;
    return new Promise((resolve) => {
      ended = resolve;
    });
  };
  await saving.credentials(credentialsOf('alone'));
  await turn();
  await deploy('next', { credentials: null });
  ended();
  await until(() => core.sent.length === 3, { message: 'the credentials in Valkey' });
  assert.deepEqual(core.sent.slice(1), [pairOf('next', 'alone'), pairOf('next', 'alone')]);
});

test('credentials alone, where no flows were read that may be mirrored, stay on the disk', async () => {
  const { core, disk, mirror, saving } = create();
  mirror.mirrorLoaded({ flows: flowsOf('disk'), credentials: credentialsOf('disk'), mirror: false });
  await saving.credentials(credentialsOf('alone'));
  await turn();
  assert.deepEqual(core.sent, []);
  assert.equal(onDisk(disk).credentials, 'alone');
});

test('a deploy succeeds without Valkey, and says so', async () => {
  const { core, deploy, disk, lines } = create();
  core.answer = { done: false, away: 'no connection' };
  await deploy('new');
  assert.deepEqual(onDisk(disk), { flows: 'new', credentials: 'new' });
  assert.match(
    lines.join('\n'),
    /^warn: saved on disk; workers are not updated yet, .*: no connection\. It is mirrored/
  );
});

test('what Valkey refuses is on the disk, and is an error', async () => {
  const { core, deploy, disk, refused } = create();
  core.answer = Object.assign(new Error('too large'), { code: 'ERR_VALKEY_VALUE' });
  await assert.rejects(deploy('new'), { code: 'ERR_VALKEY_VALUE' });
  assert.deepEqual(onDisk(disk), { flows: 'new', credentials: 'new' });
  assert.equal(refused.waits(), false);
});

test('while another admin is in charge a deploy is on the disk, and nothing of it is mirrored with what follows', async () => {
  const { core, deploy, disk, refused, saving } = create();
  core.answer = Object.assign(new Error('another admin is active'), { code: 'ERR_VALKEY_OTHER_ADMIN' });
  await assert.rejects(deploy('new'), { code: 'ERR_VALKEY_OTHER_ADMIN' });
  assert.deepEqual(onDisk(disk), { flows: 'new', credentials: 'new' });
  assert.deepEqual(core.told, [['deployWasRefused']]);
  assert.equal(refused.waits(), true);
  await saving.credentials(credentialsOf('alone'));
  await until(() => !disk.has(JOURNAL), { message: 'the end of the journal' });
  await turn();
  assert.equal(core.sent.length, 1, 'credentials wait until the flows are loaded');
  core.answer = { done: true };
  await deploy('next', { credentials: null });
  assert.deepEqual(core.sent[1], pairOf('next', 'alone'));
  assert.equal(refused.waits(), false);
});

for (const [what, method] of [
  ['credentials', 'saveCredentials'],
  ['flows', 'saveFlows']
]) {
  test(`a disk that refuses the ${what}: an error, everything as before, and nothing is mirrored`, async () => {
    const { core, deploy, disk, local } = create();
    local.failing[method] = new Error('no space');
    await assert.rejects(deploy('new'), /no space/);
    await turn();
    assert.deepEqual(onDisk(disk), { flows: 'disk', credentials: 'disk' });
    assert.ok(!disk.has(JOURNAL));
    assert.deepEqual(core.sent, []);
    // Node-RED takes its credentials for saved, and hands them over no more.
    local.failing[method] = undefined;
    await deploy('next', { credentials: null });
    assert.deepEqual(onDisk(disk), { flows: 'next', credentials: 'new' });
    assert.deepEqual(core.sent, [pairOf('next', 'new')]);
    await deploy('last', { credentials: null });
    assert.deepEqual(core.sent[1], pairOf('last', 'new'));
  });
}

test('credentials that can not be rolled back are told, and are those of the next deploy', async () => {
  const { core, deploy, disk, journal, lines, local } = create();
  local.failing.saveFlows = new Error('no space');
  const { undo } = journal;
  journal.undo = async () => {
    throw new Error('not either');
  };
  await assert.rejects(deploy('new'), /no space/);
  assert.deepEqual(lines, ['error: credentials could not be rolled back: not either']);
  // A kill now is mended by the journal that is left.
  assert.equal(onDisk(disk).credentials, 'new');
  assert.ok(disk.has(JOURNAL));
  journal.undo = undo;
  local.failing.saveFlows = undefined;
  await deploy('next', { credentials: null });
  assert.deepEqual(core.sent, [pairOf('next', 'new')]);
});

test('a deploy that can not be noted in the journal is saved all the same', async () => {
  const { core, deploy, disk, lines } = create();
  disk.write('.node-red-storage-valkey', 'a file in the place of the folder');
  await deploy('new');
  assert.deepEqual(core.sent, [pairOf('new')]);
  assert.match(lines[0], /^warn: a kill in the middle of this deploy could not be undone: /);
  await deploy('newer', { credentials: null });
  assert.deepEqual(core.sent[1], pairOf('newer', 'new'));
});

test('what is being restored is over before a save begins, which is known to come from then on', async () => {
  const { deploy, local, restoring, saving } = create();
  let restored;
  restoring.ready = () =>
    new Promise((resolve) => {
      restored = resolve;
    });
  const before = saving.count();
  const deployed = deploy('new', { credentials: null });
  assert.equal(saving.count(), before + 1);
  await turn();
  assert.deepEqual(local.calls, []);
  restored();
  await deployed;
  assert.ok(local.calls.includes('saveFlows'));
});

test('a deploy takes the place of what this disk has lost', async () => {
  const { core, deploy, record, restoring, files } = create();
  await restoring.consider({ lost: { flows: true, credentials: true, fresh: true, usable: false } });
  core.answer = { done: false, away: 'no connection' };
  await deploy('disk'); // the very flows that are there
  assert.equal((await record.read(await files.current())).replaced, true);
  core.answer = { done: true };
  await deploy('newer');
  assert.equal(await record.read(await files.current()), null, 'Valkey has what the disk has');
});

test('the files of a deploy are those of the Project that is active', async () => {
  const project = { name: 'shop', credentialSecret: OWN };
  const { core, disk, local, deploy } = create({ project });
  project.files = { flows: disk.path('projects/shop/f.json'), credentials: disk.path('projects/shop/c.json') };
  await local.getFlows();
  await deploy('new');
  assert.deepEqual(disk.json('projects/shop/f.json'), flowsOf('new'));
  assert.deepEqual(core.sent, [{ ...pairOf('new'), project: 'shop' }]);
  assert.deepEqual([disk.json(FLOWS), disk.has(CREDENTIALS)], [flowsOf('disk'), true]);
});
