'use strict';

// What an admin remembers over a restart of what its disk has lost.

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { createLostRecord } = require('../../lib/admin/lost-record');
const { createLogLines } = require('../support/log-lines');
const { Disk } = require('./support/admin-disk');

const RECORD = path.join('.node-red-storage-valkey', 'lost.json');
const LOST = { flows: true, credentials: true, fresh: false, usable: true };

function create() {
  const disk = new Disk();
  disk.write('flows.json', '["restored from a backup"]');
  const paths = { flows: disk.path('flows.json'), credentials: disk.path('flows_cred.json') };
  const { log, lines } = createLogLines();
  return { disk, lines, paths, record: createLostRecord(disk.dir, log), again: () => createLostRecord(disk.dir, log) };
}

test('nothing is remembered when nothing was lost', async () => {
  const { record, paths, disk } = create();
  assert.equal(await record.read(paths), null);
  await record.replaced();
  await record.end();
  assert.ok(!disk.has(RECORD));
});

test('what was lost is known at the next start', async () => {
  const { record, again, paths } = create();
  await record.begin(LOST, paths);
  assert.deepEqual(await again().read(paths), { ...LOST, replaced: false, edited: false });
});

test('flows that were edited since are not taken for deployed ones', async () => {
  const { record, again, paths, disk } = create();
  await record.begin(LOST, paths);
  disk.write('flows.json', '["edited"]');
  assert.deepEqual(await again().read(paths), { ...LOST, replaced: false, edited: true });
});

test('flows that were not there and still are not are not replaced', async () => {
  const { record, again, paths, disk } = create();
  const none = { ...paths, flows: disk.path('other.json') };
  await record.begin(LOST, none);
  assert.equal((await again().read(none)).edited, false);
  disk.write('other.json', '[]');
  assert.equal((await again().read(none)).edited, true);
});

test('a deploy takes their place for good, also one of the very same flows', async () => {
  const { record, again, paths } = create();
  await record.begin(LOST, paths);
  await record.replaced();
  assert.equal((await again().read(paths)).replaced, true);
});

test('where nobody knows the files, nothing is restored over them', async () => {
  const { record, paths } = create();
  await record.begin(LOST, paths);
  assert.equal((await record.read(null)).replaced, true);
});

test('it is forgotten once Valkey has been seen', async () => {
  const { record, again, paths, disk } = create();
  await record.begin(LOST, paths);
  await record.end();
  assert.equal(await again().read(paths), null);
  assert.ok(!disk.has(RECORD));
});

test('a record that is broken is none', async () => {
  const { record, paths, disk } = create();
  for (const text of ['', '{"flows":tr', '[]', 'null']) {
    disk.write(RECORD, text);
    assert.equal(await record.read(paths), null, text);
  }
});

test('a disk that takes no record is told of, and no more', async () => {
  const { record, paths, disk, lines } = create();
  disk.write('.node-red-storage-valkey', 'a file in the place of the folder');
  await record.begin(LOST, paths);
  assert.match(lines.join('\n'), /^warn: a restart before Valkey is back would forget what was lost: [^\n]*$/);
  assert.equal(await record.read(paths), null);
});
