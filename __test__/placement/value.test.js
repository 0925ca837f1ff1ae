'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { faultsOf, nameOf, placeOf } = require('../../lib/placement/place');
const { placementOf } = require('../../lib/placement/value');

const tab = (value, type = 'str') => ({
  id: 't',
  type: 'tab',
  label: 'Timers',
  env: [{ name: 'CLUSTER_PLACEMENT', value, type }]
});

test('reads every value of the table', () => {
  for (const kind of ['all', 'workers', 'admin', 'once']) {
    assert.deepEqual(placementOf(tab(kind)), { kind, labels: [] });
  }
  assert.deepEqual(placementOf(tab('label:site-a')), { kind: 'label', labels: ['site-a'] });
  assert.deepEqual(placementOf(tab(' label: a, b ,a')), { kind: 'label', labels: ['a', 'b'] });
  assert.deepEqual(placementOf(tab('once:site-a')), { kind: 'once', labels: ['site-a'] });
});

test('without the variable, whatever else is there, a tab runs everywhere', () => {
  for (const env of [undefined, null, 'x', {}, [], [null, 7, { name: 'OTHER', value: 'once', type: 'str' }]]) {
    assert.deepEqual(placementOf({ env }), { kind: 'all', labels: [] });
  }
});

test('of two variables with the name the last counts, as in Node-RED', () => {
  const env = [...tab('admin').env, ...tab('once').env];
  assert.equal(placementOf({ env }).kind, 'once');
});

test('a value that is none of these has a fault that shows it, on one line and not whole', () => {
  const wrong = [
    ['', /is ''/],
    ['Once', /is 'Once', which is none of all, workers, admin, once/],
    ['workers,admin', /none of/],
    ['label:', /'' is no label/],
    ['label:a,,b', /'' is no label/],
    ['once:a b', /'a b' is no label/],
    ['label:ä', /'\?' is no label/],
    [`label:${'x'.repeat(65)}`, /no label/],
    [`label:${Array.from({ length: 33 }, (_, index) => `l${index}`)}`, /33 labels, more than 32/],
    ['all\n[error] forged', /is 'all\?\[error\] forged'/],
    ['x'.repeat(5000), /x{80}…'/]
  ];
  for (const [value, expected] of wrong) {
    const { fault } = placementOf(tab(value));
    assert.match(fault, expected);
    assert.ok(fault.length < 300, `${fault.length} characters`);
    assert.doesNotMatch(fault, /[\r\n]/);
  }
});

test('a value of another type is wrong, and is not shown: it may be a secret', () => {
  for (const type of ['num', 'bool', 'json', 'env', 'jsonata', 'cred']) {
    const { fault } = placementOf(tab('once', type));
    assert.match(fault, /has to be a text/);
    assert.doesNotMatch(fault, /once/);
  }
});

test('a tab whose id no two instances can agree on does not run once, and is told', () => {
  for (const id of ['', '\ud800', 'a\udc00b']) {
    for (const value of ['once', 'once:a']) {
      assert.match(placementOf({ ...tab(value), id }).fault, /for which the id of the tab can't be used/);
    }
    assert.deepEqual(placementOf({ ...tab('workers'), id }), { kind: 'workers', labels: [] });
    assert.equal(placeOf({ ...tab('once'), id }, { role: 'worker', labels: [], runFlows: true }), 'nowhere');
  }
  for (const id of [undefined, 7, '\u{1f600}', 'a\0b']) {
    assert.deepEqual(placementOf({ ...tab('once'), id }), { kind: 'once', labels: [] });
  }
});

test('where a tab runs depends on who is asked', () => {
  const admin = { role: 'admin', labels: ['a'], runFlows: true };
  const idle = { role: 'admin', labels: [], runFlows: false };
  const worker = { role: 'worker', labels: [], runFlows: true };
  const labelled = { role: 'worker', labels: ['a', 'c'], runFlows: true };
  const table = [
    // value, admin, admin without flows, worker, worker with a label
    ['all', 'here', 'elsewhere', 'here', 'here'],
    ['workers', 'elsewhere', 'elsewhere', 'here', 'here'],
    ['admin', 'here', 'elsewhere', 'elsewhere', 'elsewhere'],
    ['once', 'elsewhere', 'elsewhere', 'once', 'once'],
    ['label:a', 'elsewhere', 'elsewhere', 'elsewhere', 'here'],
    ['label:b,c', 'elsewhere', 'elsewhere', 'elsewhere', 'here'],
    ['label:b', 'elsewhere', 'elsewhere', 'elsewhere', 'elsewhere'],
    ['once:a', 'elsewhere', 'elsewhere', 'elsewhere', 'once'],
    ['wrong', 'nowhere', 'nowhere', 'nowhere', 'nowhere']
  ];
  for (const [value, ...expected] of table) {
    const places = [admin, idle, worker, labelled].map((self) => placeOf(tab(value), self));
    assert.deepEqual(places, expected, value);
  }
});

test('a fault names the tab, by its id where it has no name', () => {
  assert.deepEqual(faultsOf([tab('once'), { id: 'x', type: 'inject', env: tab('wrong').env }]), []);
  const [fault] = faultsOf([tab('all'), { ...tab('wrong'), id: 'u' }]);
  assert.match(fault, /^tab 'Timers' runs nowhere: CLUSTER_PLACEMENT is 'wrong'/);
  assert.equal(nameOf({ type: 'tab', label: ' ' }, 'abc'), 'abc');
  assert.equal(nameOf({ type: 'tab', label: 'a\n\u001b[31mb' }, 'abc'), 'a [31mb');
  assert.equal(nameOf(undefined, 'abc'), 'abc');
});
