'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');

const flows = (value) => [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value, x: 1, y: 1, wires: [['a2']] },
  { id: 'a2', type: 'probe-plain', z: 'a', value: 'same', x: 1, y: 1, wires: [[]] },
  { id: 'a3', type: 'probe', z: 'a', value: 'same', x: 1, y: 1, wires: [[]] }
];
const secrets = (secret) => ({ a1: { secret }, a3: { secret: 'same' } });

let instance;
before(async () => {
  instance = await startInstance({ flows: flows('one'), credentials: secrets('one'), deadline: 300 });
});
after(() => instance.stop());
beforeEach(() => instance.reset(flows('one'), secrets('one')));

function failNext(event) {
  instance.runtime.events.once(event, () => {
    throw new Error('on purpose');
  });
}

for (const event of ['flows:stopping', 'flows:stopped']) {
  test(`an update that fails at ${event} is reported, and the next one puts all right`, async () => {
    failNext(event);
    await assert.rejects(instance.update(flows('two'), secrets('two')), { code: 'ERR_VALKEY_RELOAD' });
    assert.equal(instance.reload.isOwnSave(), false);
    instance.node('a3').renew('renewed');
    instance.clear();
    // The same again is not "nothing changed".
    const result = await instance.update(flows('two'), secrets('two'));
    assert.equal(result.applied, true);
    assert.match(instance.told[0].text, /last update ended in the middle/);
    for (const [id, value, secret] of [
      ['a1', 'two', 'two'],
      ['a2', 'same', undefined],
      ['a3', 'same', 'renewed']
    ]) {
      assert.equal(instance.node(id).value, value);
      assert.equal(instance.last(id).secret, secret);
    }
    // And from there on as ever.
    instance.clear();
    await instance.update(flows('three'), secrets('two'));
    assert.deepEqual(instance.ids('start'), ['a1']);
    assert.equal(instance.last('a1').secret, 'two');
  });
}

test('a failed update can be taken back', async () => {
  failNext('flows:stopped');
  await assert.rejects(instance.update(flows('two'), secrets('two')), { code: 'ERR_VALKEY_RELOAD' });
  await instance.update(flows('one'), secrets('one'));
  assert.equal(instance.node('a1').value, 'one');
  assert.equal(instance.last('a1').secret, 'one');
});

test('an update that does not come to an end is given up at the deadline', async () => {
  const { nodes } = instance.runtime;
  const { setFlows } = nodes;
  nodes.setFlows = () => new Promise(() => {});
  try {
    await assert.rejects(instance.update(flows('two'), secrets('two')), { code: 'ERR_VALKEY_RELOAD_TIMEOUT' });
  } finally {
    nodes.setFlows = setFlows;
  }
  await instance.update(flows('two'), secrets('two'));
  assert.equal(instance.node('a1').value, 'two');
});

test('a save that is refused leaves the old revision and its credentials running', async () => {
  const { saveFlows } = instance.runtime.storage;
  const running = instance.node('a1');
  instance.runtime.storage.saveFlows = async () => {
    throw new Error('disk on fire');
  };
  try {
    await assert.rejects(instance.update(flows('two'), secrets('two')), /disk on fire/);
  } finally {
    instance.runtime.storage.saveFlows = saveFlows;
  }
  assert.equal(instance.node('a1'), running);
  assert.deepEqual(instance.runtime.nodes.getCredentials('a1'), { secret: 'one' });
  assert.deepEqual(instance.records, []);
  await instance.update(flows('two'), secrets('two'));
  assert.equal(instance.node('a1').value, 'two');
});

test('an update that fails when its missing types have come is tried again', async () => {
  const late = flows('two').concat({
    id: 'late',
    type: 'late-failing',
    z: 'a',
    value: 'late',
    x: 1,
    y: 1,
    wires: [[]]
  });
  await instance.update(late, secrets('two'), 'r5');
  failNext('flows:stopped');
  globalThis.reloadRegister('late-failing');
  await instance.until(() => instance.completed.length === 1, 'the update is complete');
  assert.equal(instance.told.filter(({ level }) => level === 'error').length, 1);
  for (const [id, value] of [
    ['a1', 'two'],
    ['a2', 'same'],
    ['late', 'late']
  ]) {
    assert.equal(instance.node(id).value, value);
  }
  assert.equal(instance.last('a1').secret, 'two');
});
