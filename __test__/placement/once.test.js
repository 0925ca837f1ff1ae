'use strict';

// Tabs that run on one worker, in a real Node-RED in this process, with leases that the test hands out.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');

const { OF_A, ONCE, base, edited, startOnceWorker } = require('./support/worker');

let instance;
let leases;
let placement;
let once;
let isHere;
let untilHere;
let untilWanted;
let lines;

before(async () => {
  ({ instance, leases, placement, once, isHere, untilHere, untilWanted, lines } = await startOnceWorker());
});
after(async () => {
  await once.close();
  placement.close();
  await instance.stop();
});

const started = () => instance.ids('start');
const closed = () => instance.ids('close');

beforeEach(async () => {
  for (const tab of ['a', 'c']) {
    leases.take(tab);
  }
  await untilHere('Timers', false);
  await untilHere('Other', false);
  await instance.reset(base());
  await untilWanted('a', 'c');
  instance.clear();
  leases.log.length = 0;
});

test('a tab starts when its lease is held, with its fence, and stops when it is lost; nothing else does', async () => {
  const before = structuredClone(instance.runtime.nodes.getFlows());
  leases.give('a', 12);
  await untilHere('Timers');
  assert.deepEqual(started(), OF_A);
  assert.equal(instance.last('a1').value, 12);
  assert.deepEqual(closed(), []);
  assert.deepEqual(
    lines(/Timers/).map(({ level, text }) => `${level}: ${text}`),
    ["info: tab 'Timers' runs here (fence 12)"]
  );
  const [tab] = placement.state().tabs;
  assert.deepEqual([tab.id, tab.name, tab.fence], ['a', 'Timers', 12]);
  assert.ok(Date.now() - tab.since < 10_000);

  instance.clear();
  leases.take('a');
  await untilHere('Timers', false);
  assert.deepEqual(closed(), OF_A);
  assert.deepEqual(started(), []);
  assert.deepEqual(
    lines(/Timers/).map(({ text }) => text),
    ["tab 'Timers' no longer runs here"]
  );
  assert.equal(instance.saves.refused, 0);
  assert.deepEqual(instance.runtime.nodes.getFlows(), before, 'no trace in what the editor is given');
  assert.deepEqual(leases.log, [], 'it is wanted all the time');
});

test('what the API tells of the tab is what is stored', async () => {
  const { getFlow } = instance.runtime.flows;
  assert.deepEqual([getFlow('a').disabled, getFlow('a').env], [false, ONCE]);
  leases.give('a', 3);
  await untilHere('Timers');
  assert.deepEqual([getFlow('a').disabled, getFlow('a').env], [false, ONCE]);
  assert.equal('disabled' in getFlow('c'), false);
  assert.equal(getFlow('no-such'), null);
  assert.equal(getFlow('global').id, 'global');
});

test('one that was lost and is held again is started anew, with its new fence', async () => {
  leases.give('a', 1);
  leases.give('c', 1);
  await untilHere('Timers');
  await untilHere('Other');
  instance.clear();
  leases.drop('a');
  leases.give('a', 4);
  await instance.until(() => placement.state().tabs.some(({ fence }) => fence === 4), 'the new fence');
  assert.deepEqual(closed(), OF_A);
  assert.deepEqual(started(), OF_A);
  assert.equal(instance.last('a1').value, 4);
  assert.deepEqual(
    lines(/Timers/).map(({ text }) => text),
    ["tab 'Timers' no longer runs here", "tab 'Timers' runs here (fence 4)"]
  );
});

test('a lease that lapses without a word is seen by the next tick', async () => {
  leases.give('a', 1);
  await untilHere('Timers');
  const { ticks } = leases;
  leases.drop('a');
  await untilHere('Timers', false);
  assert.ok(leases.ticks >= ticks);
  await instance.until(() => leases.ticks > ticks + 2, 'it ticks on');
});

test('the context of its flow and of others lives on while it is stopped', async () => {
  leases.give('a', 1);
  await untilHere('Timers');
  const flowContext = (id) => instance.node(id).context().flow;
  instance.node('a1').receive({});
  await instance.until(() => instance.records.some(({ event, id }) => event === 'input' && id === 'a1'), 'the message');
  assert.equal(flowContext('a1').get('count'), 1);
  leases.take('a');
  await untilHere('Timers', false);
  leases.give('a', 2);
  await untilHere('Timers');
  assert.equal(flowContext('a1').get('count'), 1);
});

test('nothing moves on a tab whose lease is lost, before Node-RED can stop it', async () => {
  leases.give('a', 1);
  leases.give('c', 1);
  await untilHere('Timers');
  await untilHere('Other');
  const a1 = instance.node('a1');
  const inputs = () => instance.ids('input');
  a1.receive({});
  await instance.until(() => inputs().length === 5, 'the message through the tab, its subflow and the next tab');

  let free;
  const blocked = instance.reload.exclusively(
    () =>
      new Promise((resolve) => {
        free = resolve;
      })
  );
  await instance.until(() => free, 'the queue is held up');
  instance.clear();
  // On its way when the lease is lost: sent, and not yet received.
  a1.send({});
  leases.take('a');
  a1.receive({});
  a1.send({});
  const inner = instance.runtime.nodes.getNode('a4');
  inner.receive?.({});
  instance.node('b1').receive({});
  instance.node('c1').receive({});
  await instance.until(() => inputs().includes('b1') && inputs().includes('c1'), 'others move');
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.deepEqual(
    inputs().filter((id) => !['b1', 'c1'].includes(id)),
    []
  );
  assert.equal(isHere('Timers'), true, 'not stopped yet');
  free();
  await blocked;
  await untilHere('Timers', false);
  // Held again it moves.
  instance.clear();
  leases.give('a', 2);
  await untilHere('Timers');
  instance.node('a1').receive({});
  await instance.until(() => inputs().includes('a2'), 'the message');
});

test('a deploy that leaves it as it is restarts nothing on it, one that changes it starts it with the same fence', async () => {
  leases.give('a', 7);
  await untilHere('Timers');
  instance.clear();
  await instance.update(edited((node) => (node('b1').value = 'new')));
  assert.deepEqual(started(), ['b1']);
  instance.clear();
  await instance.update(edited((node) => (node('a1').value = 'f ${CLUSTER_FENCE}')));
  assert.deepEqual(
    started().filter((id) => id.startsWith('a')),
    ['a1']
  );
  instance.clear();
  await instance.update(base([...ONCE, { name: 'X', value: '1', type: 'str' }]));
  assert.equal(instance.last('a1').value, 7);
  assert.deepEqual(leases.log, []);
});

test('a tab is given back when a deploy has it run otherwise, and not before that runs', async () => {
  leases.give('a', 7);
  await untilHere('Timers');
  instance.clear();
  for (const [flows, runs] of [
    [base([{ name: 'CLUSTER_PLACEMENT', value: 'all', type: 'str' }]), true],
    [base(), true],
    [edited((node) => (node('a').disabled = true)), false],
    [base(), true],
    [base([{ name: 'CLUSTER_PLACEMENT', value: 'once:elsewhere', type: 'str' }]), false],
    [base(), true],
    [base().filter(({ id, z }) => id !== 'a' && z !== 'a'), false]
  ]) {
    await instance.update(flows);
    await instance.until(() => Boolean(instance.node('a1')) === runs, `a1 runs: ${runs}`);
    const isOnce = flows.some(({ id, env, disabled }) => id === 'a' && env === ONCE && !disabled);
    await untilWanted(...(isOnce ? ['a', 'c'] : ['c']));
  }
});

test('what waits for types is given back, and what runs on whole is kept, but nothing taken', async () => {
  leases.give('c', 3);
  leases.give('a', 3);
  await untilHere('Timers');
  await untilHere('Other');
  instance.clear();
  const late = `late-once`;
  const flows = [
    ...edited((node) => (node('a1').value = 'new')),
    { id: 'a9', type: late, z: 'a', x: 1, y: 1, wires: [] }
  ];
  await instance.update(flows);
  await untilWanted('c');
  await untilHere('Timers', false);
  assert.ok(closed().includes('a2'), 'stopped before it was given back');
  assert.equal(isHere('Other'), true);
  assert.deepEqual(
    closed().filter((id) => id === 'c1'),
    []
  );
  // Lost in the meantime: it can't be started again, so it is not wanted.
  leases.take('c');
  await untilHere('Other', false);
  await untilWanted();
  instance.clear();
  globalThis.reloadRegister(late);
  await untilWanted('a', 'c');
  leases.take('a');
  leases.give('a', 5);
  leases.give('c', 5);
  await untilHere('Timers');
  await untilHere('Other');
  assert.equal(instance.last('a1').value, 'new');
  assert.ok(started().includes('a9'));
});

test('where Node-RED fails to stop it, it is tried again', async () => {
  leases.give('a', 1);
  await untilHere('Timers');
  instance.clear();
  instance.runtime.events.once('flows:stopping', () => {
    throw new Error('on purpose');
  });
  leases.take('a');
  await untilHere('Timers', false);
  assert.equal(lines(/could not be started or stopped here: .* \(next attempt in 0.5 s\)/).length, 1);
  assert.equal(instance.node('a1'), null);
  assert.ok(instance.node('b1'), 'all else runs');
});

test('flows that somebody has stopped hold no tab, and start without it', async () => {
  leases.give('a', 1);
  await untilHere('Timers');
  const { flows } = instance.runtime;
  instance.runtime.settings.runtimeState = { enabled: true };
  await flows.stopFlows('full');
  await untilWanted();
  assert.equal(isHere('Timers'), false);
  leases.drop('a');
  instance.clear();
  await flows.startFlows('full');
  await untilWanted('a', 'c');
  assert.deepEqual(
    started().filter((id) => id.startsWith('a')),
    []
  );
  assert.ok(started().includes('b1'));
});

test('a wrong value is told once, in the log and to whoever listens, and runs nowhere', async () => {
  const heard = [];
  placement.onFaults((faults) => heard.push(faults.length));
  const wrong = base([{ name: 'CLUSTER_PLACEMENT', value: 'onse', type: 'str' }]);
  await instance.update(wrong);
  assert.equal(instance.node('a1'), null);
  await instance.update(wrong.map((node) => (node.id === 'b1' ? { ...node, value: 'again' } : node)));
  const told = lines(/runs nowhere/);
  assert.deepEqual(
    told.map(({ level, text }) => `${level}: ${text}`),
    [
      "error: tab 'Timers' runs nowhere: CLUSTER_PLACEMENT is 'onse', which is none of all, workers, admin, once, label:<label>,… and once:<label>,…"
    ]
  );
  assert.deepEqual(placement.state().faults, [told[0].text]);
  await instance.update(base());
  assert.deepEqual(placement.state().faults, []);
  assert.deepEqual([heard[0], heard.at(-1), Math.max(...heard)], [0, 0, 1]);
});

test('why no tab can be held here is told as long as one is wanted', async () => {
  leases.problem = 'no right';
  assert.equal(placement.state().problem, 'no right');
  leases.problem = undefined;
});

test('at the end of Node-RED its tabs are free once their nodes are closed', async () => {
  leases.give('a', 1);
  await untilHere('Timers');
  instance.clear();
  leases.log.length = 0;
  let close;
  globalThis.reloadClosing = new Promise((resolve) => {
    close = resolve;
  });
  const stopped = instance.runtime.nodes.stopFlows();
  await instance.until(() => closed().length > 0, 'the nodes are closing');
  assert.deepEqual(leases.log, []);
  assert.equal(leases.heldTabs().length, 1);
  close();
  await stopped;
  assert.deepEqual(leases.log, ['gives back']);
  assert.deepEqual(placement.state().tabs, []);
  delete globalThis.reloadClosing;
});
