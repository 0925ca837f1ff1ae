'use strict';

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('node:test');

const { createReport } = require('../../lib/fleet/report');

/** What the core adds, at most. */
const TICK = '"tick":1234567890123,'.length;

/** A report of an instance that stands so. */
function told({
  now = {},
  revision = () => '7',
  missingTypes = [],
  role = 'worker',
  labels = [],
  tabs = [],
  last = null,
  report
} = {}) {
  const gathered =
    report ||
    createReport({
      checked: { role, placement: { labels, onceLease: 2000, onceWhenAway: 'keep' } },
      settings: { userDir: '/data', version: '4.1.0' },
      standing: {
        now: () => ({
          ready: true,
          role,
          revision: revision(),
          connection: 'ready',
          flows: 'running',
          missing: [],
          notes: [],
          ...now
        }),
        flows: () => ({ state: 'running', missing: missingTypes })
      },
      errors: { count: () => 3, last: () => last },
      delay: () => ({ p99: 1, max: 2 }),
      tabs: () => tabs
    });
  const text = gathered.text(gathered.look());
  return { text, read: JSON.parse(text), report: gathered };
}

test('it tells what there is', () => {
  const { read } = told({
    labels: ['site-a'],
    tabs: ['t1'],
    last: { text: 'no', ago: 4 },
    now: { packages: 'in step', notes: ['slow'], context: { one: { keys: 1, bytes: 2, unsent: 3, conflicts: 4 } } }
  });
  assert.equal(read.revision, '7');
  assert.deepEqual(read.labels, ['site-a']);
  assert.deepEqual(read.tabs, ['t1']);
  assert.deepEqual(read.once, { lease: 2000, whenAway: 'keep' });
  assert.deepEqual(read.lastError, { text: 'no', ago: 4 });
  assert.equal(read.errors, 3);
  assert.equal(read.packages, 'in step');
  assert.deepEqual(read.notes, ['slow']);
  assert.deepEqual(read.context, { keys: 1, bytes: 2, unsent: 3, conflicts: 4 });
  assert.equal(read.nodeRed, '4.1.0');
});

test('the figures of several context stores are added up; one that is not open counts nothing', () => {
  const store = { keys: 1, bytes: 2, unsent: 3, conflicts: 4 };
  assert.deepEqual(told({ now: { context: { a: store, b: store, c: null } } }).read.context, {
    keys: 2,
    bytes: 4,
    unsent: 6,
    conflicts: 8
  });
  assert.equal(told().read.context, null);
});

test('it fits 2 KiB, whatever there is to tell, and how the instance stands is in it', () => {
  const long = 'ä'.repeat(5000);
  const { text, read } = told({
    labels: Array.from({ length: 32 }, (_, at) => `${at}`.padEnd(64, 'x')),
    tabs: Array.from({ length: 500 }, (_, at) => `tab-${at}-${'x'.repeat(20)}`),
    missingTypes: Array(100).fill(long),
    last: { text: 'é'.repeat(200), ago: 1 },
    now: { ready: false, missing: Array(50).fill(long), notes: Array(50).fill(long) }
  });
  assert.ok(Buffer.byteLength(text) + TICK <= 2048, `${Buffer.byteLength(text)} bytes`);
  assert.equal(read.ready, false);
  assert.equal(read.revision, '7');
});

test('a host name of 300 characters is cut, and one with controls has none', (context) => {
  context.mock.method(os, 'hostname', () => `\u001b[2J${'h'.repeat(300)}`);
  const { read } = told();
  assert.equal(read.host.length, 100);
  assert.match(read.host, /^\[2Jh+…$/);
});

test('an admin tells the revisions before, the newest first; a worker does not', () => {
  let revision = '0';
  const { report } = told({ role: 'admin', revision: () => revision });
  for (revision of ['1', '2', '2', '3']) {
    report.look();
  }
  assert.deepEqual(told({ report }).read.recent, ['3', '2', '1', '0']);
  assert.equal(told().read.recent, undefined);
});
