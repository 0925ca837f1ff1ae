'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createGate } = require('../../lib/placement/gate');

/** Node-RED's, as far as a gate goes: a name is given once. */
function createHooks() {
  const added = new Map();
  return {
    add(name, hook) {
      assert.equal(added.has(name), false, `${name} is already registered`);
      added.set(name, hook);
    },
    remove(name) {
      const label = name.slice(1);
      [...added.keys()].filter((each) => each.endsWith(label)).forEach((each) => added.delete(each));
    },
    names: () => [...added.keys()],
    halts: (tab) => [...added].some(([name, hook]) => name.startsWith('onReceive') && hook(to(tab)) === false)
  };
}
const to = (tab) => ({ destination: { node: { _flow: { id: 'subflow', parent: { id: tab } } } } });

const HOUR = 3_600_000;

test('two in one process are no trouble to each other, and leave nothing behind', () => {
  const hooks = createHooks();
  const gates = [1, 2].map(() => createGate({ hooks, interval: HOUR, look() {} }));
  gates[0].set(['a'], true);
  gates[1].set(['b'], true);
  assert.deepEqual(
    ['a', 'b', 'c'].map((tab) => hooks.halts(tab)),
    [true, true, false]
  );
  gates[0].close();
  assert.deepEqual([hooks.halts('a'), hooks.halts('b')], [false, true]);
  gates[1].set([], false);
  assert.deepEqual(hooks.names(), []);
});

test('a message that comes when the look is overdue has it made first', () => {
  const hooks = createHooks();
  let looks = 0;
  const gate = createGate({
    hooks,
    interval: 1,
    look() {
      looks += 1;
      gate.set(['a'], true);
    }
  });
  gate.set([], true);
  const end = performance.now() + 5;
  while (performance.now() < end);
  assert.deepEqual([hooks.halts('a'), looks > 0], [true, true]);
  gate.close();
});

test('where no tab runs here alone Node-RED has no hook to ask', () => {
  const hooks = createHooks();
  const gate = createGate({ hooks, interval: HOUR, look() {} });
  gate.set([], false);
  assert.deepEqual(hooks.names(), []);
  gate.set([], true);
  assert.equal(hooks.names().length, 2);
  gate.close();
  assert.deepEqual(hooks.names(), []);
});
