'use strict';

// The local storage that these tests fake, beside Node-RED's own: the same answers, the same files.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, beforeEach, test } = require('node:test');

const { DAMAGE } = require('../support/damage');
const { Disk } = require('./support/admin-disk');
const { createLocalStorage } = require('./support/local-storage');

const real = require(
  path.join(path.dirname(require.resolve('@node-red/runtime/package.json')), 'lib', 'storage', 'localfilesystem')
);
const SETTINGS = { _credentialSecret: 'secret', nodes: { a: 1 }, users: { ada: {} }, other: true };
const FIRST = { flows: [{ id: 'tab', type: 'tab' }], credentials: { $: 'first' }, settings: SETTINGS };
const SECOND = { flows: [], credentials: { $: 'second' }, settings: { ...SETTINGS, _credentialSecret: 'another' } };
const FILES = ['flows.json', 'flows_cred.json', '.config.runtime.json', '.config.nodes.json', '.config.users.json'];

const fakeDisk = new Disk();
const realDisk = new Disk();
const fake = createLocalStorage({ userDir: fakeDisk.dir });
const both = [
  { local: fake, disk: fakeDisk },
  { local: real, disk: realDisk }
];

async function assertSame(what) {
  const answers = [];
  for (const { local } of both) {
    answers.push(await local[what]());
  }
  assert.deepEqual(answers[0], answers[1], what);
  return answers[0];
}

async function save({ flows, credentials, settings }) {
  for (const { local } of both) {
    await local.saveCredentials(credentials);
    await local.saveFlows(flows);
    await local.saveSettings(structuredClone(settings));
  }
}

async function assertAllSame() {
  for (const what of ['getFlows', 'getCredentials', 'getSettings']) {
    await assertSame(what);
  }
  const contents = both.map(({ disk }) => FILES.map((name) => [name, disk.has(name) && contentOf(disk, name)]));
  assert.deepEqual(contents[0], contents[1]);
}

function contentOf(disk, name) {
  try {
    return disk.json(name);
  } catch (error) {
    return error.code || 'not JSON';
  }
}

before(() =>
  real.init({ userDir: realDisk.dir, flowFile: realDisk.path('flows.json'), getUserSettings: () => ({}) }, {})
);

beforeEach(async () => {
  for (const { disk } of both) {
    fs.rmSync(disk.dir, { recursive: true });
    fs.mkdirSync(disk.dir);
  }
  await assertSame('getSettings'); // Node-RED's own writes again only what it has not just read
});

test('nothing is there', async () => {
  assert.deepEqual(await assertSame('getFlows'), []);
  assert.deepEqual(await assertSame('getCredentials'), {});
  assert.deepEqual(await assertSame('getSettings'), {});
});

test('what is saved is read again, and what was there before is the backup', async () => {
  await save(FIRST);
  assert.deepEqual(await assertSame('getFlows'), FIRST.flows);
  assert.deepEqual(await assertSame('getCredentials'), FIRST.credentials);
  assert.deepEqual(await assertSame('getSettings'), SETTINGS);
  await save(SECOND);
  for (const { disk } of both) {
    assert.deepEqual(disk.json('.flows.json.backup'), FIRST.flows);
    assert.deepEqual(disk.json('.flows_cred.json.backup'), FIRST.credentials);
    assert.equal(disk.json('.config.runtime.json.backup')._credentialSecret, 'secret');
    assert.ok(!disk.has('.config.nodes.json.backup'), 'what has not changed is not written');
  }
  await assertAllSame();
});

for (const [how, { inflict }] of Object.entries(DAMAGE)) {
  for (const withBackup of [true, false]) {
    test(`${how}, ${withBackup ? 'with' : 'without'} a backup`, async () => {
      await save(FIRST);
      if (withBackup) {
        await save(SECOND);
      }
      for (const { disk } of both) {
        for (const name of FILES) {
          inflict(disk.path(name));
        }
      }
      await assertAllSame();
    });
  }
}

test('settings that are saved are emptied of their sections', async () => {
  for (const { local } of both) {
    const given = structuredClone(SETTINGS);
    await local.saveSettings(given);
    assert.deepEqual(given, { _credentialSecret: 'secret', other: true });
  }
});
