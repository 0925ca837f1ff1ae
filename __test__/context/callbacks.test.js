'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { memoryStore } = require('./support/node-red-parts.js');
const { openStore } = require('./support/opened-store.js');

const CALLS = [
  ['set', 'global', 'n', 1],
  ['set', 'global', 'n', 2],
  ['set', 'global', 'n', { n: 3 }],
  ['set', 'global', 'n.n', 4],
  ['set', 'global', ['n', 'm'], [5]],
  ['set', 'global', 'n', undefined],
  ['set', 'global', 'n[', 1],
  ['set', 'global', ['n', 'm['], [1, 2]],
  ['get', 'global', 'n'],
  ['get', 'global', 'never'],
  ['get', 'global', ['n', 'm']],
  ['get', 'global', 'n['],
  ['get', 'global', ['n', 'm[']],
  ['keys', 'global'],
  ['keys', 'never']
];

/** What comes of a call whose callback throws: how often it was called, with how much, and who is told. */
function outcome(store, [method, ...args]) {
  const called = [];
  let thrown;
  try {
    store[method](...args, (...answer) => {
      called.push(answer.length);
      throw new Error('of the callback');
    });
  } catch (error) {
    thrown = error.message;
  }
  return { called, thrown };
}

test('a callback that throws is called once, and its error comes to the caller, as with the memory store', () => {
  const [theirs, ours] = [memoryStore(), openStore()];
  for (const call of CALLS) {
    const [expected, actual] = [theirs, ours].map((store) => outcome(store, call));
    assert.deepEqual(actual, expected, JSON.stringify(call));
    assert.equal(actual.called.length, 1);
  }
});

test('a callback is told what the core refuses', () => {
  const store = openStore();
  store.set('global', 'n', 1);
  const refusal = new Error('refused');
  for (const method of ['set', 'names', 'text']) {
    store.core[method] = () => {
      throw refusal;
    };
  }
  for (const [method, ...args] of [
    ['keys', 'global'],
    ['get', 'global', 'other'],
    ['set', 'global', 'other', {}]
  ]) {
    let told;
    store[method](...args, (error) => {
      told = error;
    });
    assert.equal(told, refusal, method);
    assert.throws(() => store[method](...args), refusal, method);
  }
});
