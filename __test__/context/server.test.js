'use strict';

// The random calls of differential.test.js through the real core on a real server: the answers are those of the memory
// store, and all instances end at the same.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { decode, encode } = require('../../lib/context/values.js');
const { createRandom } = require('../faults/support/random.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { memoryStore } = require('./support/node-red-parts.js');
const { openConnected } = require('./support/opened-core.js');
const { SCOPES, randomCall } = require('./support/random-calls.js');

const ROUNDS = 30;
const CALLS = 60;

let server;
const opened = [];

const open = async (options) => {
  const store = await openConnected(server, options);
  opened.push(store);
  return store;
};

before(async () => {
  server = await startServer();
});

after(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await server?.stop();
});

const asJson = (value) => (value === undefined ? undefined : encode(decode(encode(value).text)).text);

/** All that a store has, as text. */
const contents = (store) =>
  Object.fromEntries(
    SCOPES.map((scope) => [
      scope,
      Object.fromEntries(
        store
          .keys(scope)
          .sort()
          .map((key) => [
            key,
            asJson(
              store.get(
                scope,
                [key].map((name) => `"${name}"`)
              )[0]
            )
          ])
      )
    ])
  );

/** Values as text: read anew, a hole in an array has become `undefined`, and names in it have gone. */
const comparable = ({ thrown, called, returned }) => {
  const asText = (answer) => (answer instanceof Error ? `${answer.code}: ${answer.message}` : asJson(answer));
  return { thrown: asText(thrown), called: called && called.map(asText), returned: asText(returned) };
};

test('answers are those of the memory store, and another instance ends at the same', async () => {
  const random = createRandom('context store on a server');
  for (let round = 0; round < ROUNDS; round += 1) {
    const keyPrefix = `r${round}:`;
    const [ours, other] = await Promise.all([open({ keyPrefix }), open({ keyPrefix })]);
    const theirs = memoryStore();
    const history = [];
    for (let i = 0; i < CALLS; i += 1) {
      const call = randomCall(random, true);
      history.push(call.words);
      const [expected, actual] = [theirs, ours].map((store) => comparable(call.run(store)));
      assert.deepEqual(actual, expected, `round ${round}:\n${history.join('\n')}`);
    }
    const wanted = contents(theirs);
    await until(
      () => {
        assert.deepEqual(contents(ours), wanted);
        assert.deepEqual(contents(other), wanted);
        return true;
      },
      { deadline: 5000, message: `same values, round ${round}:\n${history.join('\n')}` }
    );
    await Promise.all([ours.close(), other.close()]);
  }
});

test('instances that set the same keys at the same time end at the same', async () => {
  const random = createRandom('context stores on a server');
  for (let round = 0; round < ROUNDS / 3; round += 1) {
    const keyPrefix = `s${round}:`;
    const stores = await Promise.all([1, 2, 3].map(() => open({ keyPrefix })));
    for (let i = 0; i < CALLS * 3; i += 1) {
      randomCall(random, true).run(random.of(stores));
      if (random.whole(1, 6) === 1) {
        await new Promise(setImmediate);
      }
    }
    await until(
      () => {
        const [first, ...others] = stores.map(contents);
        others.forEach((other) => assert.deepEqual(other, first));
        return true;
      },
      { deadline: 5000, message: `same values, round ${round}` }
    );
    const late = await open({ keyPrefix });
    assert.deepEqual(contents(late), contents(stores[0]));
    await Promise.all([...stores, late].map((store) => store.close()));
  }
});
