'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');

function base() {
  return [
    { id: 'a', type: 'tab', label: 'A' },
    { id: 'b', type: 'tab', label: 'B' },
    { id: 'server', type: 'probe-server', value: 'old' },
    { id: 'a1', type: 'probe', z: 'a', value: 'old', x: 1, y: 1, wires: [['a2']] },
    { id: 'a2', type: 'probe-plain', z: 'a', value: 'same', x: 2, y: 1, wires: [[]] },
    { id: 'a3', type: 'probe', z: 'a', value: 'gone', x: 3, y: 1, wires: [[]] },
    { id: 'a4', type: 'probe-plain', z: 'a', value: 'same', x: 3, y: 1, wires: [['a2']] },
    { id: 'a6', type: 'probe-plain', z: 'a', value: 'same', x: 4, y: 1, wires: [[]] },
    { id: 'b1', type: 'probe', z: 'b', value: 'same', x: 1, y: 1, wires: [[]] },
    { id: 'b2', type: 'probe', z: 'b', value: 'same', server: 'server', x: 1, y: 1, wires: [[]] }
  ];
}
const SECRETS = { a1: { secret: 'old' }, a3: { secret: 'gone' }, server: { secret: 'old' } };

// Every kind of change at once: a1 and the server changed, a3 removed, a5 and
// tab C added, a4 rewired, and nodes of types that are not there.
function revision(...types) {
  const flows = base().filter(({ id }) => id !== 'a3');
  const node = (wanted) => flows.find(({ id }) => id === wanted);
  node('a1').value = 'new';
  node('server').value = 'new';
  node('a4').wires = [['a5']];
  flows.push(
    { id: 'a5', type: 'probe', z: 'a', value: 'added', x: 3, y: 1, wires: [[]] },
    { id: 'c', type: 'tab', label: 'C' },
    { id: 'c1', type: 'probe', z: 'c', value: 'added', x: 3, y: 1, wires: [[]] }
  );
  types.forEach((type) => flows.push({ id: `late-${type}`, type, z: 'a', value: 'late', x: 1, y: 1, wires: [[]] }));
  return flows;
}
const NEW_SECRETS = { a1: { secret: 'new' }, a5: { secret: 'added' }, server: { secret: 'new' } };

let instance;
let counter = 0;
let first;
let second;
before(async () => {
  instance = await startInstance({ flows: base(), credentials: SECRETS });
});
after(() => instance.stop());
beforeEach(async () => {
  await instance.reset(base(), SECRETS);
  counter += 1;
  first = `late-one-${counter}`;
  second = `late-two-${counter}`;
});

async function runsTheRevision(types) {
  for (const [id, value] of [
    ['a1', 'new'],
    ['server', 'new'],
    ['a5', 'added'],
    ['c1', 'added'],
    ...types.map((type) => [`late-${type}`, 'late'])
  ]) {
    assert.equal(instance.node(id) && instance.node(id).value, value, id);
  }
  assert.equal(instance.last('a1').secret, 'new');
  assert.equal(instance.last('a5').secret, 'added');
  assert.equal(instance.last('server').secret, 'new');
  assert.equal(instance.node('b2').server, instance.node('server'));
  assert.equal(instance.node('a3'), null, 'a3 has been removed');
  // Rewired.
  instance.clear();
  instance.node('a4').receive({});
  await instance.until(() => instance.ids('input').length === 2, 'a4 sends to its new target');
  assert.deepEqual(instance.ids('input'), ['a4', 'a5']);
  assert.deepEqual(instance.runtime.nodes.getFlows().flows, instance.stored.flows);
}

test('what is unchanged runs on while a type is missing, what has changed stands still with all that it is wired to', async () => {
  const untouched = ['a6', 'b1'].map((id) => instance.node(id));
  const result = await instance.update(revision(first), NEW_SECRETS);
  assert.equal(result.applied, true);
  assert.deepEqual(result.missingTypes, [first]);
  assert.deepEqual(instance.ids('close'), ['a1', 'a2', 'a3', 'a4', 'b2', 'server']);
  assert.deepEqual(instance.ids('start'), []);
  assert.deepEqual(
    ['a6', 'b1'].map((id) => instance.node(id)),
    untouched
  );
  assert.match(instance.told.at(-1).text, new RegExp(`waits for node types that are not installed: ${first} `));
  // Given again, it is not applied again.
  instance.clear();
  const again = await instance.update(revision(first), NEW_SECRETS);
  assert.equal(again.applied, false);
  assert.deepEqual(again.missingTypes, [first]);
  assert.deepEqual(instance.records, []);
});

test('what is held is told to wait, also for a type that Node-RED takes for one it has', async () => {
  const type = 'subflow:constructor'; // Node-RED finds it in the object that holds its subflows
  const flows = base();
  flows.push({ id: 'odd', type, z: 'a', value: 'odd' });
  const result = await instance.update(flows, SECRETS);
  assert.deepEqual(result.missingTypes, [type]);
  assert.match(instance.told.at(-1).text, /waits for node types that are not installed: subflow:constructor /);
});

test('when the types are there, all of the change runs its new configuration, and nothing ever the old one', async () => {
  await instance.update(revision(first, second), NEW_SECRETS, 'r9');
  const untouched = ['a6', 'b1'].map((id) => instance.node(id));
  instance.clear();
  globalThis.reloadRegister(first);
  await instance.reload.idle();
  assert.deepEqual(instance.records, [], 'one type is not enough');
  globalThis.reloadRegister(second);
  await instance.until(() => instance.completed.length === 1, 'the revision is complete');
  assert.deepEqual(instance.ids('close'), []);
  assert.deepEqual(
    instance.ids('start'),
    ['a1', 'a2', 'a4', 'a5', 'b2', 'c1', `late-${first}`, `late-${second}`, 'server'].sort()
  );
  assert.deepEqual(
    instance.records.filter(({ value, secret }) => value === 'old' || secret === 'old'),
    []
  );
  assert.deepEqual(
    ['a6', 'b1'].map((id) => instance.node(id)),
    untouched
  );
  assert.equal(instance.completed[0].revision, 'r9');
  assert.equal(instance.completed[0].restarted, 5);
  assert.equal(instance.told.at(-1).level, 'info');
  assert.match(instance.told.at(-1).text, /^Missing node types have been installed: revision r9 applied/);
  await runsTheRevision([first, second]);
});

test('a type that arrives while the revision is still being applied', async () => {
  const update = instance.update(revision(first), NEW_SECRETS);
  globalThis.reloadRegister(first);
  await update;
  await instance.until(() => instance.node(`late-${first}`), 'the late node runs');
  await instance.reload.idle();
  await runsTheRevision([first]);
});

test('a type that arrives while nodes are being closed', async () => {
  const { events } = instance.runtime;
  events.once('flows:stopping', () => globalThis.reloadRegister(first));
  await instance.update(revision(first), NEW_SECRETS);
  await instance.until(() => instance.node(`late-${first}`), 'the late node runs');
  await instance.reload.idle();
  await runsTheRevision([first]);
});

test('a newer revision without the type takes the place of the one that waits', async () => {
  await instance.update(revision(first), NEW_SECRETS);
  const result = await instance.update(revision(), NEW_SECRETS);
  assert.equal(result.applied, true);
  assert.deepEqual(result.missingTypes, []);
  await runsTheRevision([]);
  // The type that comes after all changes nothing.
  instance.clear();
  globalThis.reloadRegister(first);
  await instance.reload.idle();
  assert.deepEqual(instance.records, []);
  assert.deepEqual(instance.completed, []);
});

test('a newer revision that waits as well: the change counts from what runs', async () => {
  await instance.update(revision(first), NEW_SECRETS);
  const newer = revision(second);
  newer.find(({ id }) => id === 'b1').value = 'newer';
  await instance.update(newer, NEW_SECRETS);
  globalThis.reloadRegister(second);
  await instance.until(() => instance.completed.length === 1, 'the revision is complete');
  assert.equal(instance.node('b1').value, 'newer');
  assert.deepEqual(
    instance.records.filter(({ event, value }) => event === 'start' && value === 'old'),
    []
  );
  await runsTheRevision([second]);
});

test('back to the revision that runs', async () => {
  await instance.update(revision(first), NEW_SECRETS);
  const result = await instance.update(base(), SECRETS);
  assert.equal(result.applied, true);
  assert.deepEqual(instance.ids('start'), ['a1', 'a2', 'a3', 'a4', 'b2', 'server']);
  assert.equal(instance.last('a1').value, 'old');
  assert.equal(instance.last('a1').secret, 'old');
  assert.equal(instance.last('a3').secret, 'gone');
  instance.node('a4').receive({});
  await instance.until(() => instance.ids('input').includes('a2'), 'a4 sends to its old target');
});

test('a user loads the flows again while they wait: the types start all of it', async () => {
  await instance.update(revision(first), NEW_SECRETS);
  await instance.runtime.nodes.loadFlows(true);
  assert.equal(instance.node('b1'), null);
  instance.clear();
  globalThis.reloadRegister(first);
  // An update in the middle of Node-RED's own start waits for the end of it.
  const newer = revision(first);
  newer.find(({ id }) => id === 'b1').value = 'newer';
  const result = await instance.update(newer, NEW_SECRETS);
  assert.equal(result.restarted, 1);
  assert.equal(instance.ids('start').filter((id) => id === 'b1').length, 2);
  assert.equal(instance.ids('start').filter((id) => id === 'a1').length, 1);
  assert.equal(instance.node('b1').value, 'newer');
  await runsTheRevision([first]);
});
