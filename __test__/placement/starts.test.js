'use strict';

// What Node-RED starts, and what moves on it, is what is held at that moment: not what was held when it was told.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, afterEach, before, beforeEach, test } = require('node:test');

const { loadedFiles } = require('../../lib/node-red');
const { LEASE, OF_A, ONCE, base, edited, startOnceWorker } = require('./support/worker');

/** That of one deploy, in ms. */
const DEADLINE = 4000;

let instance;
let leases;
let placement;
let once;
let untilHere;
let untilWanted;
let lines;
let registry;

before(async () => {
  ({ instance, leases, placement, once, untilHere, untilWanted, lines } = await startOnceWorker({
    deadline: DEADLINE
  }));
  const [file] = loadedFiles('@node-red/registry', path.join('lib', 'index.js'));
  registry = require.cache[file].exports;
});
after(async () => {
  await once.close();
  placement.close();
  await instance.stop();
});

const ofA = (event) => instance.ids(event).filter((id) => OF_A.includes(id));
const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

let ends = [];

/** Keeps nodes from being closed until the function that it gives is called. */
function holdUpStop() {
  let end;
  globalThis.reloadClosing = new Promise((resolve) => {
    end = () => {
      delete globalThis.reloadClosing;
      resolve();
    };
  });
  ends.push(end);
  return end;
}

/** The same for the start, between Node-RED's look at what it has read and its beginning. */
function holdUpStart() {
  const { checkFlowDependencies } = registry;
  let end;
  const free = new Promise((resolve) => {
    end = () => {
      registry.checkFlowDependencies = checkFlowDependencies;
      resolve();
    };
  });
  const held = { isReached: false, end };
  registry.checkFlowDependencies = async (flows) => {
    held.isReached = true;
    await free;
    return checkFlowDependencies(flows);
  };
  ends.push(end);
  return held;
}

/** The same for all that wants to change what runs. */
async function holdUpQueue() {
  let end;
  const task = instance.reload.exclusively(
    () =>
      new Promise((resolve) => {
        end = resolve;
      })
  );
  await instance.until(() => end, 'the queue is held up');
  ends.push(end);
  return async () => {
    end();
    await task;
  };
}

beforeEach(async () => {
  for (const tab of ['a', 'c']) {
    leases.take(tab);
  }
  await untilHere('Timers', false);
  await instance.reset(base());
  await untilWanted('a', 'c');
  instance.clear();
  leases.log.length = 0;
});
afterEach(() => {
  ends.forEach((end) => end());
  ends = [];
});

async function give(fence) {
  leases.give('a', fence);
  await untilHere('Timers');
  instance.clear();
}

test('a deploy that comes first starts nothing of a tab whose lease is lost', async () => {
  await give(1);
  leases.drop('a');
  await instance.update(edited((node) => (node('a1').value = 'new')));
  assert.deepEqual(ofA('start'), []);
  await untilHere('Timers', false);
  leases.give('a', 2);
  await untilHere('Timers');
  assert.equal(instance.last('a1').value, 'new');
});

test('a lease that is lost while the deploy stops nodes: none of the tab begins again, and the rest of it stops', async () => {
  await give(1);
  const free = holdUpStop();
  const updated = instance.update(
    edited((node) => {
      node('a1').value = 'new';
      node('a2').wires = [['a4']];
      node('b1').value = 'new';
    })
  );
  await instance.until(() => ofA('close').includes('a1'), 'it stops');
  leases.drop('a');
  free();
  await updated;
  assert.deepEqual(ofA('start'), []);
  assert.equal(instance.last('b1').value, 'new');
  await untilHere('Timers', false);
  assert.deepEqual(ofA('close'), OF_A);
  assert.deepEqual(ofA('start'), []);
  leases.give('a', 2);
  await untilHere('Timers');
  assert.deepEqual(ofA('start'), OF_A);
});

test('the same where all of the tab is stopped by the deploy, and where it is held again at once', async () => {
  await give(1);
  const free = holdUpStop();
  const updated = instance.update(base([...ONCE, { name: 'X', value: '1', type: 'str' }]));
  await instance.until(() => ofA('close').length > 0, 'it stops');
  leases.drop('a');
  leases.give('a', 2);
  free();
  await updated;
  await instance.until(() => placement.state().tabs.some(({ fence }) => fence === 2), 'the new fence');
  assert.deepEqual(ofA('start'), OF_A, 'once, and with the new fence');
  assert.ok(instance.node('a1'));
});

test('a lease that is lost before the start that it was to bring: it is not started', async () => {
  const start = holdUpStart();
  leases.give('a', 1);
  await instance.until(() => start.isReached, 'the start');
  leases.drop('a');
  start.end();
  await instance.reload.idle();
  assert.deepEqual(ofA('start'), []);
  assert.equal(instance.node('a1'), null);
  leases.give('a', 2);
  await untilHere('Timers');
  assert.deepEqual(ofA('start'), OF_A);
  assert.equal(instance.last('a1').value, 2);
});

test('flows that are stopped and started again without being read: the tab waits for a lease', async () => {
  await give(1);
  await instance.runtime.nodes.stopFlows();
  assert.deepEqual(leases.heldTabs(), []);
  instance.clear();
  await instance.runtime.nodes.startFlows();
  assert.deepEqual(ofA('start'), []);
  assert.ok(instance.ids('start').includes('b1'));
  await untilWanted('a', 'c');
  leases.give('a', 2);
  await untilHere('Timers');
  assert.deepEqual(ofA('start'), OF_A);
  assert.equal(instance.last('a1').value, 2);
});

test('a start that goes on after it was given up: the tab is not in it without a lease, and it is tried again', async () => {
  const start = holdUpStart();
  leases.give('a', 1);
  await instance.until(() => lines(/could not be started or stopped here/).length > 0, 'given up');
  // As the core does with what is not wanted.
  leases.drop('a');
  start.end();
  await instance.until(() => instance.node('b1') && instance.completed, 'all else');
  await untilWanted('a', 'c');
  await instance.reload.idle();
  assert.deepEqual(ofA('start'), []);
  leases.give('a', 2);
  await untilHere('Timers');
  assert.equal(instance.last('a1').value, 2);
});

test('an end in the middle of a deploy: nothing moves and nothing begins on the tab, and none is taken', async () => {
  await give(1);
  const free = holdUpStop();
  const updated = instance.update(edited((node) => (node('a1').value = 'new')));
  await instance.until(() => ofA('close').includes('a1'), 'it stops');
  leases.log.length = 0;
  const stopped = instance.runtime.nodes.stopFlows();
  await turns();
  assert.equal(leases.heldTabs().length, 1, 'not given back while it may run');
  instance.node('a2').receive({});
  instance.node('b1').receive({});
  await instance.until(() => instance.ids('input').includes('b1'), 'the others move');
  await turns();
  assert.deepEqual(ofA('input'), []);
  free();
  await updated;
  await stopped;
  assert.deepEqual(leases.log, ['gives back']);
  assert.deepEqual(ofA('start'), []);
  leases.give('a', 2);
  await instance.reload.idle();
  assert.deepEqual(ofA('start'), []);
  assert.deepEqual(leases.log, ['gives back'], 'none is wanted');
  assert.deepEqual(placement.state().tabs, []);
  // It was no end after all.
  await instance.update(edited((node) => (node('b1').value = 'again')));
  await untilHere('Timers');
  assert.deepEqual(ofA('start'), OF_A);
});

test('what can not be started for as long as a lease is given back, and none is taken until it can', async () => {
  const free = await holdUpQueue();
  const begun = performance.now();
  // A fence that no test before has waited with.
  leases.give('a', 30);
  await untilWanted();
  assert.ok(performance.now() - begun >= LEASE);
  assert.deepEqual(
    lines(/given back/).map(({ level, text }) => `${level}: ${text}`),
    ["warn: could not be started here for 0.5 s, as Node-RED has not ended what it does, and given back: tab 'Timers'"]
  );
  leases.drop('a');
  await free();
  await untilWanted('a', 'c');
  leases.give('a', 31);
  await untilHere('Timers');
});

test('after a pause the first message is not before the look at what is held', async () => {
  await give(1);
  leases.drop('a');
  const end = performance.now() + LEASE;
  while (performance.now() < end);
  // As what comes from a socket does, which is before any timer.
  instance.node('a1').receive({});
  instance.node('b1').receive({});
  await instance.until(() => instance.ids('input').includes('b1'), 'the others move');
  await turns();
  assert.deepEqual(ofA('input'), []);
  await untilHere('Timers', false);
});

test('where nobody can say what is held, nothing runs and nothing is thrown', async () => {
  await give(1);
  leases.isBroken = true;
  try {
    await untilHere('Timers', false);
  } finally {
    leases.isBroken = false;
  }
  await untilHere('Timers');
});
