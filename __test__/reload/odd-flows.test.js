'use strict';

// Flows that no editor makes and Node-RED runs: what differs is taken in place where Node-RED can
// tell that, and everything is loaded anew where it can't.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');

const probe = (more) => ({ type: 'probe', z: 'tab', x: 1, y: 1, wires: [[]], ...more });
const TAB = { id: 'tab', type: 'tab', label: 'T' };
const STAYS = probe({ id: 'stays', value: 'same' });
const FLOWS = [TAB, STAYS, probe({ id: 'odd', value: 'one' })];
const SECRETS = { stays: { secret: 'of stays' }, odd: { secret: 'of odd' } };

let instance;
before(async () => {
  instance = await startInstance({ flows: FLOWS, credentials: SECRETS });
});
after(() => instance.stop());
beforeEach(() => instance.reset(FLOWS, SECRETS));

const IN_PLACE = {
  'wires that are null': { id: 'odd', wires: null },
  'flat wires': { id: 'odd', wires: ['stays'] },
  'an id that is a number': { id: 7 },
  'an id that is null': { id: null },
  'no id': {},
  'an env that is none': { id: 'odd', env: {} }
};
for (const [name, more] of Object.entries(IN_PLACE)) {
  test(`in place: ${name}`, async () => {
    const odd = String(more.id);
    const flows = (value) => [TAB, STAYS, probe({ ...more, value })];
    const secrets = { ...SECRETS, [odd]: { secret: 'of odd' } };
    await instance.update(flows('one'), secrets);
    instance.clear();
    const changed = await instance.update(flows('two'), secrets);
    assert.deepEqual([changed.changed, changed.added, changed.removed], [1, 0, 0]);
    assert.equal(instance.node(odd).value, 'two');
    assert.deepEqual(
      instance.records.map(({ event, value }) => [event, value]),
      [
        ['close', 'one'],
        ['start', 'two']
      ]
    );
    instance.clear();
    const withSecret = await instance.update(flows('two'), { ...secrets, [odd]: { secret: 'new' } });
    assert.equal(withSecret.changed, 1);
    assert.equal(instance.records.at(-1).secret, 'new');
    instance.clear();
    assert.equal((await instance.update(flows('two'), { ...secrets, [odd]: { secret: 'new' } })).applied, false);
    assert.deepEqual(instance.warnings(), []);
  });
}

test('two nodes with one id: everything is restarted, so that both are what was deployed', async () => {
  const flows = (value) => [
    TAB,
    { ...TAB, id: 'other' },
    STAYS,
    probe({ id: 'twice', value }),
    probe({ id: 'twice', z: 'other', value: 'same' })
  ];
  await instance.update(flows('one'), SECRETS);
  instance.clear();
  await instance.update(flows('two'), SECRETS);
  assert.deepEqual(instance.ids('start'), ['stays', 'twice', 'twice']);
  const started = instance.records.filter(({ event, id }) => event === 'start' && id === 'twice');
  assert.deepEqual(started.map(({ value }) => value).sort(), ['same', 'two']);
});

const INCOMPARABLE = {
  // Node-RED makes a tab for them, and then looks for it among the entries.
  'nodes whose tab is gone': [STAYS, probe({ id: 'odd', value: 'two' })],
  'wires that hold null': [TAB, STAYS, probe({ id: 'odd', value: 'two' }), { id: 'w', type: 'comment', wires: [null] }]
};
for (const [name, flows] of Object.entries(INCOMPARABLE)) {
  test(`loaded anew: ${name}`, async () => {
    instance.node('stays').renew('renewed');
    const result = await instance.update(flows, { ...SECRETS, odd: { secret: 'new' } });
    assert.equal(result.applied, true);
    // Node-RED 3.0 compares the first.
    const isAnew = !instance.isBefore31 || name !== 'nodes whose tab is gone';
    assert.match(
      instance.told[0].text,
      isAnew ? /^Node-RED did not take the update: Cannot .*loads all flows anew/ : /applied/
    );
    assert.equal(instance.node('odd').value, 'two');
    assert.equal(instance.last('odd').secret, 'new');
    assert.equal(instance.last('stays').secret, 'renewed', 'what a node has renewed itself is kept');
    // From these to others it can't be compared either, and then everything is as ever.
    instance.clear();
    await instance.update(FLOWS, SECRETS);
    assert.equal(instance.node('odd').value, 'one');
    instance.clear();
    await instance.update([TAB, STAYS, probe({ id: 'odd', value: 'three' })], SECRETS);
    assert.deepEqual(instance.ids('start'), ['odd']);
    assert.deepEqual([instance.saves.refused, instance.warnings()], [0, []]);
  });
}

test('what else runs goes on while odd flows wait for a type, and what goes knows that it does', async () => {
  const twice = [probe({ id: 'twice', value: 'a' }), probe({ id: 'twice', value: 'a' })];
  await instance.update([...FLOWS, ...twice], SECRETS);
  instance.clear();
  await instance.update([...FLOWS, ...twice, { id: 'late', type: 'late', z: 'tab', x: 1, y: 1, wires: [] }], SECRETS);
  assert.deepEqual(instance.ids('close'), []);
  instance.clear();
  await instance.update([TAB, STAYS, ...twice], SECRETS);
  const closed = instance.records.find(({ event, id }) => event === 'close' && id === 'odd');
  assert.equal(closed.removed, true);
});

for (const [name, place] of Object.entries({ 'a configuration node': {}, 'one with half a place': { x: 1 } })) {
  test(`odd wires that ${name} had: all that is deployed next starts`, async () => {
    const conf = { id: 'conf', type: 'probe', z: 'tab', value: 'c', ...place };
    await instance.update([...FLOWS, { ...conf, wires: JSON.parse('{"__proto__":{"a":1}}') }], SECRETS);
    instance.clear();
    // With a difference Node-RED looks for the wires of what has none, and starts nothing more of a tab.
    await instance.update([TAB, STAYS, probe({ id: 'odd', value: 'two' }), conf], SECRETS);
    assert.deepEqual(instance.ids('start').sort(), ['conf', 'odd', 'stays']);
    assert.equal(instance.node('odd').value, 'two');
  });
}

test('an instance that could not start starts once its subflow is mended', async () => {
  const flows = (input) => [
    TAB,
    STAYS,
    { id: 'sub', type: 'subflow', in: [{ wires: [{ id: input }] }], out: [] },
    probe({ id: 'inner', z: 'sub', value: 'in it' }),
    { id: 'instance', type: 'subflow:sub', z: 'tab', x: 1, y: 1, wires: [] }
  ];
  await instance.update(flows('gone'), SECRETS);
  assert.equal(instance.node('instance')?.type, undefined);
  instance.clear();
  await instance.update(flows('inner'), SECRETS);
  assert.equal(instance.node('instance').type, 'subflow:sub');
  assert.deepEqual(
    instance.records.filter(({ event }) => event === 'start').map(({ value }) => value),
    ['same', 'in it']
  );
  // And from there on in place.
  instance.clear();
  await instance.update([...flows('inner'), probe({ id: 'new', value: 'new' })], SECRETS);
  assert.deepEqual(instance.ids('start'), ['new']);
});

test('flows that Node-RED can not read at all change nothing', async () => {
  const running = instance.node('odd');
  await assert.rejects(instance.update([...FLOWS, probe({ id: 'x', z: 'constructor' })], SECRETS), {
    code: 'ERR_VALKEY_RELOAD'
  });
  assert.equal(instance.node('odd'), running);
  await instance.update([TAB, STAYS, probe({ id: 'odd', value: 'two' })], SECRETS);
  assert.equal(instance.node('odd').value, 'two');
});
