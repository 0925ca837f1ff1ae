'use strict';

// The parts of the editor's tab that need no editor: which rows are shown, and where; placements read and written.

const assert = require('node:assert/strict');
const { before, describe, test } = require('node:test');

const { placementOf } = require('../../lib/placement/value');

describe('which instances are shown, and where', () => {
  let filter;
  let layout;

  before(async () => {
    filter = await import('../../resources/fleet/instances/filter.mjs');
    layout = await import('../../resources/fleet/instances/layout.mjs');
  });

  test('by name, label and state, all of which have to fit', () => {
    const instance = { name: 'Site-A-1', labels: ['north', 'big'], state: 'behind' };
    const wanted = (chosen) => filter.isWanted({ text: '', label: '', state: '', ...chosen }, instance);
    for (const chosen of [
      {},
      { text: ' site-a ' },
      { text: 'NOR' },
      { label: 'big' },
      { state: 'behind', label: 'big' }
    ]) {
      assert.ok(wanted(chosen), JSON.stringify(chosen));
    }
    for (const chosen of [{ text: 'b-1' }, { label: 'bi' }, { state: 'lost' }, { state: 'behind', label: 'south' }]) {
      assert.ok(!wanted(chosen), JSON.stringify(chosen));
    }
  });

  test('the labels that there are, each once', () => {
    assert.deepEqual(filter.labelsOf([{ labels: ['b', 'a'] }, { labels: [] }, { labels: ['b'] }]), ['a', 'b']);
  });

  test('rows are those between two edges, and some beyond', () => {
    const edges = layout.edgesOf(Array(1000).fill(46));
    assert.equal(edges.at(-1), 46_000);
    const { first, end } = layout.rowsBetween(edges, 20_000, 20_600);
    assert.ok(edges[first] <= 19_800 && edges[end] >= 20_800);
    assert.ok(end - first < 30, `${end - first} rows`);
    assert.deepEqual(layout.rowsBetween([0], 0, 500), { first: 0, end: 0 });
    assert.equal(layout.rowsBetween(edges, 1e6, 1e6 + 500).end, 1000, 'scrolled beyond what is left of them');
    assert.equal(layout.rowsBetween(layout.edgesOf([46, 900, 46]), 300, 600).first, 1, 'an open one above');
  });
});

describe('placements', () => {
  let value;

  before(async () => {
    value = await import('../../resources/fleet/placement/value.mjs');
  });

  const named = (text, type = 'str') => [{ name: 'CLUSTER_PLACEMENT', value: text, type }];

  test('are written so that they are read as they were', () => {
    for (const kind of value.KINDS) {
      const placement = { kind, labels: value.hasLabels(kind) ? 'site-a, site-b' : '' };
      assert.deepEqual(value.placementOf(value.withPlacement(undefined, placement)), placement);
    }
  });

  test('leave the other variables, and their order, as they are', () => {
    const others = [
      { name: 'A', value: '1', type: 'num' },
      { name: 'B', value: 'x', type: 'str' }
    ];
    assert.deepEqual(
      value.withPlacement([others[0], ...named('once'), others[1]], { kind: 'all', labels: '' }),
      others
    );
    assert.deepEqual(value.withPlacement(others, { kind: 'label', labels: ' a ,b' }), [
      ...others,
      ...named('label:a,b')
    ]);
  });

  test('are read as instances read them', () => {
    const texts = [
      'all',
      ' once ',
      'workers',
      'admin',
      'Once',
      'nice',
      '',
      'label:',
      'label:a',
      'label: a , b',
      'once:a,b'
    ];
    texts.push('once:a,', 'label:a b', 'label:a,a', `label:${'x'.repeat(65)}`, 'label:a\nb', 'once:a\n');
    texts.push(`label:${Array.from({ length: 33 }, (_, at) => `l${at}`)}`);
    for (const env of [
      ...texts.map((text) => named(text)),
      named('true', 'bool'),
      named(1, 'num'),
      [{ name: 'X' }],
      []
    ]) {
      const told = placementOf({ env });
      const read = value.placementOf(env);
      const kind = 'fault' in told ? null : told.kind === 'once' && told.labels.length > 0 ? 'once:label' : told.kind;
      assert.equal(read.kind, kind, JSON.stringify(env));
    }
  });

  test('that are none are told from those that are', () => {
    for (const env of [
      named('nice'),
      named('label:'),
      named('label:a b'),
      named('once:a,'),
      named('true', 'bool'),
      named('Once')
    ]) {
      assert.equal(value.placementOf(env).kind, null, JSON.stringify(env));
    }
    assert.equal(value.placementOf([...named('once'), ...named('nice')]).kind, null, 'the last counts');
  });

  test('where a tab runs, by what instances tell', () => {
    const instance = (name, role, labels, tabs = [], state = 'in step') => ({
      name,
      role,
      labels,
      state,
      report: { tabs }
    });
    const all = [
      instance('admin', 'admin', ['a']),
      instance('w1', 'worker', ['a'], ['t']),
      instance('w2', 'worker', ['b']),
      instance('w3', 'worker', ['b'], ['t'], 'lost')
    ];
    const on = (kind, labels = '') => value.runningOn('t', { kind, labels }, all);
    assert.deepEqual(on('all'), { count: 3 });
    assert.deepEqual(on('workers'), { count: 2 });
    assert.deepEqual(on('admin'), { count: 1 });
    assert.deepEqual(on('label', 'a, c'), { count: 1 });
    assert.deepEqual(on('once'), { names: ['w1'] });
  });
});
