'use strict';

// Flows with something odd in them, given to a plain Node-RED, to an admin and so to a worker: a
// worker runs what plain Node-RED runs, the same nodes with the same wires and environment, after an
// update and after a load; and what no Node-RED would come through, the admin refuses.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { FULL, count } = require('./support/counts.js');
const { oddFlow, wholeFlow } = require('./support/odd-flows/cases.js');
const { startTrio } = require('./support/odd-flows/comparison.js');
const { SEED, createRandom } = require('./support/random.js');

const CASES = count(15, 300);
/** The short form looks whether all of it works still; new cases are found by the full one. */
const seed = FULL || process.env.FAULT_SEED ? SEED : 20;

let trio;

before(async () => {
  trio = await startTrio(wholeFlow());
});

after(() => trio?.stop());

/** The whole flow with properties of one of its entries replaced. */
const withOdd = (id, more) => wholeFlow().map((node) => (node.id === id ? { ...node, ...more } : node));

const WELL_KNOWN = {
  'wires that are null': withOdd('probe', { wires: null }),
  'flat wires': withOdd('probe', { wires: ['fn'] }),
  'wires that hold null': withOdd('probe', { wires: [null] }),
  'an id that is a number': withOdd('probe', { id: 7 }),
  'no id': withOdd('probe', { id: undefined }),
  'a tab with an env that is none': withOdd('tab', { env: {} }),
  'a tab with an env that holds null': withOdd('tab', { env: [null] }),
  'a tab that is gone': wholeFlow().filter(({ id }) => id !== 'tab'),
  'two nodes with one id': [...wholeFlow(), { ...wholeFlow().find(({ id }) => id === 'probe'), z: 'route-tab' }],
  'an entry that is null': [...wholeFlow(), null],
  'a node without a type': withOdd('probe', { type: undefined }),
  'a place that every object has': withOdd('probe', { z: 'constructor' }),
  'links that spoil every object': [
    ...wholeFlow(),
    { ...wholeFlow().find(({ id }) => id === 'link-in'), links: [['__proto__']] }
  ],
  'modules that are null': withOdd('fn', { libs: [null] }),
  'credentials on a node': withOdd('probe', { credentials: { token: 'not in the file of credentials' } })
};
/** Node-REDs end of these, or have to be ended, each time. */
const FATAL = {
  'a group that is not there': withOdd('inner', { g: 'gone' }),
  'a subflow within itself': withOdd('deep-a', { type: 'subflow:sub' }),
  'an id that is in the way': withOdd('tab', { id: 'hasOwnProperty' })
};
for (const [name, flows] of Object.entries(FULL ? { ...WELL_KNOWN, ...FATAL } : WELL_KNOWN)) {
  test(name, async () => {
    assert.deepEqual(await trio.differences(flows), []);
  });
}

test(`${CASES} flows with something odd in them`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`FAULT_SEED=${seed}`);
  const random = createRandom('odd flows', seed);
  for (let number = 1; number <= CASES; number += 1) {
    const { flows, what } = oddFlow(random);
    const told = await trio.differences(flows).catch((error) => [error.message]);
    assert.deepEqual(told, [], `case ${number}, seed ${seed}: ${what}\n${JSON.stringify(flows)}`);
  }
});
