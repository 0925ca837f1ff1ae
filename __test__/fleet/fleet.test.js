'use strict';

// The fleet, from what was read of it.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { fleetOf } = require('../../lib/fleet/fleet.js');
const { readReport } = require('../../lib/fleet/received.js');
const { entry, reading, report } = require('./support/reading.js');

const states = ({ instances }) => instances.map(({ name, state, behind, error }) => [name, state, behind, error]);

test('each instance is in step, behind, not ready or lost, and says why', async () => {
  const fleet = await fleetOf(
    reading([
      entry({ host: 'a' }),
      entry({ host: 'b', revision: '1001', notes: ['packages: not in step (x)'] }),
      entry({ host: 'c', ready: false, missing: ['flows: missing types (x)'] }),
      entry({ host: 'd', tick: 6000 }, { silent: 900 }),
      entry({ host: 'e' }, { silent: 12_000 }),
      entry({ host: 'z', role: 'admin', recent: ['1002', '1001', '1000'] })
    ])
  );
  assert.deepEqual(states(fleet), [
    ['a', 'in step', 0, null],
    ['b', 'behind', 1, 'packages: not in step (x)'],
    ['c', 'not ready', 0, 'flows: missing types (x)'],
    ['d', 'not ready', 0, 'its event loop has been blocked for 6 s'],
    ['e', 'lost', 0, 'nothing was heard of it for 12 s'],
    ['z', 'in step', 0, null]
  ]);
  assert.deepEqual([fleet.revision, fleet.total, fleet.inStep], ['1002', 5, 1]);
  // By the server's clock: silent for 0.5 s, told 0.1 s before, and then for 30 s.
  assert.equal(fleet.instances[0].since, 969_000);
});

test('how many deploys one is behind is known as far back as the admin tells', async () => {
  const recent = ['1003', '1002', '1001'];
  const behind = async (revision, stored) => {
    const read = reading([entry({ revision }), entry({ role: 'admin', host: 'z', recent })], { revision: stored });
    return (await fleetOf(read)).instances[0].behind;
  };
  assert.deepEqual(
    [
      await behind('1003', '1003'),
      await behind('1001', '1003'),
      await behind('9', '1003'),
      await behind('1001', '1002')
    ],
    [0, 2, null, 1]
  );
  // The admin has deployed since, and has not told yet.
  assert.equal(await behind('1003', '1004'), null);
});

test('where the stored revision must not be read, the admin says it', async () => {
  const entries = [entry({ host: 'a', revision: '7' }), entry({ host: 'z', role: 'admin', revision: '8' })];
  const ofAdmin = await fleetOf(reading(entries, { revision: null }));
  assert.deepEqual([ofAdmin.revision, ofAdmin.inStep], ['8', 0]);
  const known = await fleetOf(reading(entries, { revision: null }), '7');
  assert.deepEqual([known.revision, known.inStep], ['7', 1]);
  const nobody = await fleetOf(reading(entries.slice(0, 1), { revision: null }));
  assert.equal(nobody.revision, null);
});

test('two with one host name are told apart, and keep their names', async () => {
  const entries = [
    entry({ host: 'a', place: '1111aaaa' }),
    entry({ host: 'a', place: '2222aaaa' }),
    entry({ host: 'b' })
  ];
  const names = async (list) => (await fleetOf(reading(list))).instances.map(({ name }) => name);
  assert.deepEqual(await names(entries), ['a~1111', 'a~2222', 'b']);
  assert.deepEqual(await names([...entries].reverse()), ['a~1111', 'a~2222', 'b']);
});

test('a process that was followed by another one of its installation is not lost, but gone', async () => {
  const fleet = await fleetOf(
    reading([
      entry({ place: 'p' }, { silent: 40_000 }),
      entry({ place: 'p' }, { silent: 900 }),
      entry({ place: 'q' }, { silent: 50_000 }),
      entry({ place: 'q' }, { silent: 60_000 }),
      // On another machine with the same path.
      entry({ place: 'p', host: 'other' }, { silent: 30_000 })
    ])
  );
  assert.deepEqual(
    fleet.instances.map(({ name, state }) => [name, state]),
    [
      ['box~p', 'in step'],
      ['box~q', 'lost'],
      ['other', 'lost']
    ]
  );
});

test('names are sorted as people count', async () => {
  const fleet = await fleetOf(reading(['w10', 'w9', 'w1'].map((host) => entry({ host }))));
  assert.deepEqual(
    fleet.instances.map(({ name }) => name),
    ['w1', 'w9', 'w10']
  );
});

test('of a thousand reports others have their turn between', async () => {
  const entries = Array.from({ length: 1000 }, (_, i) => entry({ host: `w${i}`, place: `p${i}` }));
  let turns = 0;
  const turn = () => {
    turns += 1;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  const fleet = await fleetOf(reading(entries));
  clearImmediate(immediate);
  assert.equal(fleet.instances.length, 1000);
  assert.ok(turns >= 9, String(turns));
});

test('what is no report is left out', async () => {
  const broken = ['', 'no JSON', '[]', 'null', '{}', '{"role":"king"}', `{"role":"worker","x":"${'x'.repeat(9000)}"}`];
  const entries = broken.map((text, i) => ({ id: String(i), silent: 0, report: text }));
  assert.deepEqual((await fleetOf(reading([...entries, { id: 'x', silent: 0, report: null }]))).instances, []);
});

test('nothing in a report is longer, more or something else than expected', () => {
  const hostile = readReport(
    JSON.stringify({
      role: 'worker',
      host: `${'h'.repeat(300)}`,
      labels: Array.from({ length: 100 }, (_, i) => `l${i}`),
      revision: { toString: 'x' },
      recent: [1, 2, {}],
      ready: 'yes',
      missing: ['a\u001b[2J\nb\u202e', 7],
      errors: '12',
      rss: -5,
      tick: 1e308,
      delay: [],
      lastError: { text: '<img onerror=alert(1)>', ago: null },
      context: 'x',
      once: [],
      __proto__: { evil: true }
    })
  );
  assert.deepEqual(hostile, {
    ...report({ host: `${'h'.repeat(99)}…`, place: '', version: '', nodeRed: '', node: '', uptime: 0 }),
    labels: Array.from({ length: 32 }, (_, i) => `l${i}`),
    once: null,
    revision: null,
    since: null,
    recent: [],
    ready: false,
    missing: ['a [2J b'],
    flows: '',
    connection: '',
    lastError: { text: '<img onerror=alert(1)>', ago: 0 },
    rss: 0,
    tick: Number.MAX_SAFE_INTEGER,
    delay: { p99: 0, max: 0 }
  });
});

test('a text that is cut has no half of a character', () => {
  for (const before of ['', 'a']) {
    const { host } = readReport(JSON.stringify({ role: 'worker', host: before + '😀'.repeat(200) }));
    assert.match(host, /^a?(😀)+…$/u);
    assert.ok(host.length <= 100, host);
  }
});
