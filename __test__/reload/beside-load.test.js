'use strict';

// The code of packages is replaced while Node-RED loads its flows by itself.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setImmediate: soon } = require('node:timers/promises');
const { createQueue } = require('../../lib/reload/queue');
const { startInstance } = require('./support/instance');

const flows = (value) => [
  { id: 'a', type: 'tab', label: 'A' },
  { id: 'a1', type: 'probe', z: 'a', value, x: 1, y: 1, wires: [[]] }
];

/** A promise and what settles it. */
function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function aWhile() {
  for (let count = 0; count < 20; count += 1) {
    await soon();
  }
}

let instance;
before(async () => {
  instance = await startInstance({ flows: flows('one') });
});
after(() => instance.stop());

test('a deploy that comes after the load and before the replacing is over comes last', async () => {
  const { reload, runtime } = instance;
  const swapping = gate();
  const begun = gate();
  const closing = gate();
  globalThis.reloadClosing = closing.opened;
  const load = runtime.nodes.loadFlows(true);
  await instance.until(() => instance.ids('close').length === 1, 'the load has read the flows');
  const replaced = reload.exclusively(async ({ restartTypes }) => {
    begun.open();
    await swapping.opened;
    return restartTypes(['probe']);
  });
  await begun.opened;
  closing.open();
  await load;
  await instance.until(() => instance.ids('start').length === 2, 'the load');
  await aWhile();
  const applied = instance.update(flows('two'));
  // A deploy of Node-RED's own takes longer than this.
  await aWhile();
  swapping.open();
  assert.equal(await replaced, 1);
  assert.equal((await applied).applied, true);
  await reload.idle();
  assert.deepEqual(instance.ids('start').length, 4);
  assert.equal(instance.last('a1').value, 'two');
  assert.equal(runtime.nodes.getFlows().flows.find(({ id }) => id === 'a1').value, 'two');
});

function createWatch(isIdle) {
  const waiting = [];
  return {
    isIdle: () => isIdle,
    whenIdle(callback) {
      if (isIdle) {
        callback();
      } else {
        waiting.push(callback);
      }
      return () => {};
    },
    ends() {
      isIdle = true;
      waiting.splice(0).forEach((callback) => callback());
    }
  };
}

test('a task apart does not wait for a load, nor for the update that waits for it', async () => {
  const watch = createWatch(false);
  const turns = createQueue({ watch, deadline: 60000 });
  const told = [];
  const update = turns.update(async () => told.push('update'));
  await turns.exclusively(async () => told.push('task'));
  assert.deepEqual(told, ['task']);
  watch.ends();
  await update;
  assert.deepEqual(told, ['task', 'update']);
});

test('tasks apart and updates, each to its end', async () => {
  const turns = createQueue({ watch: createWatch(true), deadline: 60000 });
  let under = 0;
  const told = [];
  const one = (name) => async () => {
    under += 1;
    assert.equal(under, 1, name);
    await aWhile();
    under -= 1;
    told.push(name);
  };
  await Promise.all([
    turns.update(one('u1')),
    turns.update(one('u2')),
    turns.exclusively(one('t1')),
    turns.exclusively(one('t2')),
    turns.update(one('unwanted'), () => false),
    soon().then(() => turns.exclusively(one('t3'))),
    turns.update(one('u3'))
  ]);
  await turns.idle();
  assert.deepEqual(told.sort(), ['t1', 't2', 't3', 'u1', 'u2', 'u3']);
});
