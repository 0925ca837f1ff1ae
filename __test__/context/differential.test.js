'use strict';

// Node-RED's own memory store and ours are called the same, at random, and every answer is compared.
// TEST_NODE_RED names another Node-RED, FAULT_SEED repeats a run.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { decode, encode } = require('../../lib/context/values.js');
const { createRandom } = require('../faults/support/random.js');
const { memoryStore } = require('./support/node-red-parts.js');
const { openStore } = require('./support/opened-store.js');
const { NAMES, SCOPES, randomCall } = require('./support/random-calls.js');

const ROUNDS = 300;
const CALLS = 60;

const asWords = (error) => (error instanceof Error ? { code: error.code, message: error.message } : error);

/** Names of keys that are shared come before those of values that can't be: the order is compared below. */
const sortedNames = (answer) => (Array.isArray(answer) ? [...answer].sort() : answer);

/** An error as its code and words; it is not the same object. */
const comparable = (method, { thrown, called, returned }) => {
  const value = (answer) => (method === 'keys' ? sortedNames(answer) : asWords(answer));
  return { thrown: asWords(thrown), called: called && called.map(value), returned: value(returned) };
};

/** As it comes back from another instance. */
const afterJson = (value) => (value === undefined ? undefined : encode(decode(encode(value).text)).text);

test('any calls have the answers of the memory store', () => {
  const random = createRandom('context store');
  for (let round = 0; round < ROUNDS; round += 1) {
    const [theirs, ours] = [memoryStore(), openStore()];
    const history = [];
    for (let i = 0; i < CALLS; i += 1) {
      const call = randomCall(random, false);
      history.push(call.words);
      const [expected, actual] = [theirs, ours].map((store) => comparable(call.method, call.run(store)));
      assert.deepEqual(actual, expected, `round ${round}:\n${history.join('\n')}`);
    }
  }
});

test('what is read anew from the core is what the memory store has', () => {
  const random = createRandom('context store, read anew');
  for (let round = 0; round < ROUNDS; round += 1) {
    const [theirs, ours] = [memoryStore(), openStore()];
    const history = [];
    for (let i = 0; i < CALLS; i += 1) {
      const call = randomCall(random, true);
      history.push(call.words);
      call.run(theirs);
      call.run(ours);
      if (random.whole(1, 3) === 1) {
        ours.cache.dropAll();
      }
      for (const name of NAMES) {
        const [expected, actual] = [theirs, ours].map((store) => afterJson(store.get(call.scope, name)));
        assert.equal(actual, expected, `round ${round}, ${name}:\n${history.join('\n')}`);
      }
    }
    for (const scope of SCOPES) {
      assert.deepEqual(ours.keys(scope), theirs.keys(scope), `round ${round}`);
    }
  }
});
