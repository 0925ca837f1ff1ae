'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { startInstance } = require('./support/instance');

const flows = (value, type) => [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value, x: 1, y: 1, wires: [['a2']] },
  { id: 'a2', type: 'probe-plain', z: 'a', value, x: 1, y: 1, wires: [[]] },
  { id: 'late', type, z: 'a', value, x: 1, y: 1, wires: [[]] }
];

let instance;
before(async () => {
  instance = await startInstance({ flows: flows('one', 'late-one'), credentials: { a1: { secret: 's' } } });
});
after(() => instance.stop());

test('a first load with missing types counts as started, with nothing running', async () => {
  assert.deepEqual(instance.records, []);
});

test('an update that waits for another type keeps waiting', async () => {
  const result = await instance.update(flows('two', 'late-two'), { a1: { secret: 's' } });
  assert.deepEqual(result.missingTypes, ['late-two']);
  globalThis.reloadRegister('late-one');
  await instance.reload.idle();
  assert.deepEqual(instance.records, []);
});

test('then everything starts, once, with the newest configuration', async () => {
  globalThis.reloadRegister('late-two');
  await instance.until(() => instance.completed.length === 1, 'the update is complete');
  assert.deepEqual(instance.ids('start'), ['a1', 'a2', 'late']);
  assert.deepEqual(
    instance.records.map(({ value }) => value),
    ['two', 'two', 'two']
  );
  assert.equal(instance.last('a1').secret, 's');
});
