'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { startInstance } = require('./support/instance');

const flows = (value) => [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value, x: 1, y: 1, wires: [[]] }
];

let instance;
before(async () => {
  instance = await startInstance({ flows: flows('one'), settings: { safeMode: true } });
});
after(() => instance.stop());

test('safe mode stays safe on an update, and says so once', async () => {
  for (const value of ['two', 'three']) {
    const result = await instance.update(flows(value), {}, value);
    assert.equal(result.applied, false);
    assert.equal(result.safeMode, true);
  }
  assert.equal(instance.runtime.settings.safeMode, true);
  assert.deepEqual(instance.records, []);
  assert.equal(instance.saves.own, 0);
  assert.deepEqual(
    instance.told.map(({ level }) => level),
    ['warn']
  );
  assert.match(instance.told[0].text, /safe mode.*without --safe/);
  assert.equal(instance.reload.waitingUpdate().revision, 'three');
});

test('flows that have not changed are no update', async () => {
  const result = await instance.update(flows('one'));
  assert.equal(result.safeMode, undefined);
  assert.equal(instance.reload.waitingUpdate(), undefined);
});

test('a user who restarts the flows leaves safe mode with the newest, and updates are applied again', async () => {
  await instance.update(flows('four'));
  await instance.runtime.nodes.loadFlows(true);
  await instance.until(() => instance.node('a1'), 'the flows run');
  assert.equal(instance.node('a1').value, 'four');
  assert.equal(instance.reload.waitingUpdate(), undefined);
  const result = await instance.update(flows('five'));
  assert.equal(result.restarted, 1);
  assert.equal(instance.node('a1').value, 'five');
});
