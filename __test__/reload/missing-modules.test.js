'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');

const base = () => [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value: 'old', x: 1, y: 1, wires: [['a2']] },
  { id: 'a2', type: 'probe-plain', z: 'a', value: 'same', x: 1, y: 1, wires: [[]] },
  { id: 'a3', type: 'probe', z: 'a', value: 'same', x: 1, y: 1, wires: [['a2']] }
];

// a1 changed, a3 rewired; with a function that needs a module which is not
// there, and which Node-RED may not install.
function revision(isComplete) {
  const flows = base();
  flows[1].value = 'new';
  flows[3].wires = [['a1']];
  if (!isComplete) {
    const libs = [{ var: 'missing', module: 'valkey-storage-test-missing-module' }];
    flows.push({ id: 'fn', type: 'function', z: 'a', func: 'return msg;', outputs: 1, libs, x: 1, y: 1, wires: [[]] });
  }
  return flows;
}

let instance;
before(async () => {
  instance = await startInstance({
    flows: base(),
    settings: { functionExternalModules: true, externalModules: { modules: { allowInstall: false } } }
  });
});
after(() => instance.stop());
beforeEach(() => instance.reset(base()));

test('a revision whose modules are missing is reported; what is unchanged runs on', async () => {
  const a2 = instance.node('a2');
  const result = await instance.update(revision(false));
  assert.deepEqual(result.missingModules, ['valkey-storage-test-missing-module']);
  assert.match(instance.told.at(-1).text, /not started: modules missing: valkey-storage-test-missing-module/);
  assert.deepEqual(instance.ids('close'), ['a1']);
  assert.deepEqual(instance.ids('start'), []);
  assert.equal(instance.node('a2'), a2);
  // Given again, it is tried again.
  assert.equal((await instance.update(revision(false))).applied, true);
});

test('the revision after it starts what stands still and takes over the wires', async () => {
  const a3 = instance.node('a3');
  await instance.update(revision(false));
  await instance.update(revision(true));
  assert.deepEqual(instance.ids('start'), ['a1']);
  assert.equal(instance.last('a1').value, 'new');
  assert.equal(instance.node('a3'), a3);
  instance.node('a3').receive({});
  await instance.until(() => instance.ids('input').length === 3, 'a3 sends to a1, and a1 to a2');
  assert.deepEqual(instance.ids('input'), ['a1', 'a2', 'a3']);
});
