'use strict';

// Random calls in a Function node of real Node-REDs, one on its own memory store and one on ours: every answer is compared,
// through Node-RED's layer with its seeds, several stores and their names. FAULT_SEED repeats a run.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { createRandom } = require('../../faults/support/random.js');
const { EXPRESSIONS, INVALID, LOCAL, NAMES, SHAREABLE } = require('../../context/support/random-calls.js');
const { startBoth } = require('./support/beside-memory.js');
const { run, runFlow } = require('./support/context-flow.js');

const ROUNDS = 20;
const CALLS = 60;
const SEEDS = '{ seeded: "a seed", seedOf: { fn() {}, n: 1 }, inspect: require("node:util").inspect }';
const SEEDED = ['seeded', 'seedOf', 'seedOf.n', 'seedOf.made'];
const STORES = ['default', 'second', 'beside', 'none', undefined];

let both;
let memory;
let ours;

before(async () => {
  both = await startBoth(runFlow(), SEEDS);
  ({ memory, ours } = both);
});

after(() => both?.stop());

/** A call as source. Values that can't be shared are last in `keys`, and so are not set where order is compared. */
function randomSource(random) {
  const onceIn = (times) => random.whole(1, times) === 1;
  const upTo = (most, make) => Array.from({ length: random.whole(0, most) }, make);
  const oneKey = () => {
    if (onceIn(20)) {
      return random.of(INVALID);
    }
    return random.of(random.of([EXPRESSIONS, NAMES, SEEDED]));
  };
  const makers = [...SHAREABLE, ...LOCAL.slice(0, 3)];
  const one = () => `(${random.of(makers)})()`;
  const many = onceIn(5);
  const key = many ? [oneKey(), ...upTo(3, oneKey)] : oneKey();
  const value = many && !onceIn(6) ? `[${upTo(5, one)}]` : one();
  const store = JSON.stringify(random.of(STORES));
  const scope = random.of(['global', 'flow', 'context']);
  const method = random.of(['get', 'get', 'set', 'set', 'set', 'keys']);
  const args = { get: [JSON.stringify(key)], set: [JSON.stringify(key), value], keys: [] }[method];
  return `call(${scope}, '${method}', [${[...args, ...(store ? [store] : [])]}], ${onceIn(2)});`;
}

/** What calls answer, as text: thrown, returned, and what a callback was given. */
const PROGRAM = `
const inspect = global.get('inspect', 'default');
const noop = () => {};
const symbol = Symbol('s');
const words = (answer) => (answer && answer.message ? [answer.code, answer.message] : answer);
const answers = [];
const call = (place, method, args, withCallback) => {
  const answer = {};
  const callback = (...given) => { answer.called = given.map(words); };
  try {
    answer.returned = place[method](...args, ...(withCallback ? [callback] : []));
  } catch (error) {
    answer.thrown = words(error);
  }
  if (method === 'keys') {
    const sorted = (list) => (Array.isArray(list) ? [...list].sort() : list);
    answer.returned = sorted(answer.returned);
    answer.called = answer.called && answer.called.map(sorted);
  }
  answers.push(inspect(answer, { depth: 9 }));
};`;

test('calls in a Function node have the answers of the memory store', async () => {
  const random = createRandom('calls in a Function node');
  for (let round = 0; round < ROUNDS; round += 1) {
    const sources = Array.from({ length: CALLS }, () => randomSource(random));
    const program = [PROGRAM, ...sources, 'return answers;'].join('\n');
    const [expected, actual] = await Promise.all([memory, ours].map((instance) => run(instance, program)));
    assert.equal(expected.length, CALLS);
    for (const [i, answer] of expected.entries()) {
      assert.equal(actual[i], answer, `round ${round}:\n${sources.slice(0, i + 1).join('\n')}`);
    }
  }
});
