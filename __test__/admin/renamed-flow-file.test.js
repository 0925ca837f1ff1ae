'use strict';

// A 'flowFile' that is renamed in settings.js is no lost disk: Node-RED starts empty, and so does an
// admin. What was lost is restored as before.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { createDiskFiles } = require('../../lib/admin/disk-files');
const { createFlowFileRecord } = require('../../lib/admin/flow-file-record');
const { createLoading } = require('../../lib/admin/loading');
const { createSecrets } = require('../../lib/admin/secrets');
const { createLogLines } = require('../support/log-lines');
const { Disk } = require('./support/admin-disk');
const { flowsOf, holds, storedAs } = require('./support/loading');

const real = require(
  path.join(path.dirname(require.resolve('@node-red/runtime/package.json')), 'lib', 'storage', 'localfilesystem')
);

/** A start of an admin with Node-RED's own local storage; `load()` says whose flows it runs. */
async function start(disk, flowFile) {
  const settings = { userDir: disk.dir, flowFile, credentialSecret: 'of settings.js' };
  await real.init({ ...settings, getUserSettings: () => ({}) }, {});
  const files = createDiskFiles(settings, real);
  const { log, lines } = createLogLines();
  const record = createFlowFileRecord({ settings, files, log });
  const secrets = createSecrets(settings, { settings: { available: () => false } }, files);
  const loading = createLoading({ local: real, files, flowFile: record, secrets, log });
  const load = async () => {
    const fetchStored = holds(storedAs('Valkey', { credentials: {} }));
    const { flows, mirror, lost } = await loading.load({ fetchStored, first: true });
    return { flows: flows[0]?.id, mirror, lost };
  };
  return { lines, load, record };
}

const RESTORED = { flows: 'Valkey', mirror: true, lost: null };
const EMPTY = { flows: undefined, mirror: false, lost: null };

/** A disk on which an admin has run with `flows.json`. */
async function usedDisk() {
  const disk = new Disk();
  disk.write('flows.json', flowsOf('disk'));
  assert.equal((await (await start(disk, 'flows.json')).load()).flows, 'disk');
  return disk;
}

test('renamed, and the file from before is there: it starts empty, says so, and mirrors nothing', async () => {
  const disk = await usedDisk();
  const { lines, load } = await start(disk, 'other.json');
  assert.deepEqual(await load(), EMPTY);
  assert.deepEqual(await load(), EMPTY, 'a second load');
  assert.equal(lines.length, 2);
  assert.match(lines[0], /^warn: other\.json is missing, and flows\.json, which was used before, is still there/);
  assert.equal(disk.has('other.json'), false);
  assert.deepEqual(disk.json('flows.json'), flowsOf('disk'));
});

test('after a deploy the new file is the one in use: lost later, it is restored', async () => {
  const disk = await usedDisk();
  const { load, record } = await start(disk, 'other.json');
  await load();
  await real.saveFlows(flowsOf('new'));
  await record.remember();
  fs.rmSync(disk.path('other.json'));
  assert.deepEqual(await (await start(disk, 'other.json')).load(), RESTORED);
});

for (const [what, happen, flowFile] of [
  ['the file is gone, under its old name', (disk) => fs.rmSync(disk.path('flows.json')), 'flows.json'],
  ['the file is gone as well', (disk) => fs.rmSync(disk.path('flows.json')), 'other.json'],
  ['the file from before is broken', (disk) => disk.write('flows.json', '[{"cut'), 'other.json'],
  ['the host has another name, and settings.js has none', () => {}, undefined],
  ['nobody knows what was used before', (disk) => fs.rmSync(disk.path('.node-red-storage-valkey'), { recursive: true }), 'other.json'] // prettier-ignore
]) {
  test(`${what}: restored from Valkey`, async () => {
    const disk = await usedDisk();
    happen(disk);
    assert.deepEqual(await (await start(disk, flowFile)).load(), RESTORED);
  });
}
