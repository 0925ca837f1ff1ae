'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { openStore } = require('./support/opened-store.js');

const sets = ({ core }) => core.calls.filter(([method]) => method === 'set').map(([, , keys, texts]) => [keys, texts]);

test('what is set over and over is told once, when the code has ended', async () => {
  const store = openStore();
  store.set('global', ['n', 'b'], [0, false]);
  for (let i = 1; i <= 100; i += 1) {
    store.set('global', 'n', i);
    store.set('global', 'b', i % 2 === 0);
    assert.equal(store.get('global', 'n'), i);
  }
  assert.equal(sets(store).length, 1);
  await null;
  assert.deepEqual(sets(store).slice(1), [
    [
      ['n', 'b'],
      ['100', 'true']
    ]
  ]);
});

test('whatever else is asked of the core comes after what was put off', async () => {
  const store = openStore();
  store.set('global', 'n', 1);
  store.set('global', 'n', 2);
  store.set('global', 'other', {});
  assert.equal(store.core.text('global', 'n'), '2');
  store.set('global', 'n', 'three');
  store.set('global', 'n', undefined);
  await null;
  assert.equal(store.core.text('global', 'n'), null);
  assert.equal(store.get('global', 'n'), undefined);
  store.set('global', 'n', 1);
  store.set('global', 'n', 5);
  store.cache.drop('global', 'n');
  assert.equal(store.get('global', 'n'), 5);
});

test('a value that the core refuses later is told of, and is what it was', async () => {
  const store = openStore();
  store.set('global', 'n', 1);
  store.core.maxValue = 2;
  store.set('global', 'n', 5000);
  await null;
  assert.equal(store.get('global', 'n'), 1);
  assert.deepEqual(store.lines, ["context: 'n' of global was not set: too large"]);
});
