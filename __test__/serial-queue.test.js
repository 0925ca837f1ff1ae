'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setImmediate: soon } = require('node:timers/promises');

const { createSerialQueue } = require('../lib/serial-queue');

/** A task that is over when it is told to be. */
function createTask() {
  const task = () => {
    task.hasBegun = true;
    return new Promise((resolve, reject) => {
      Object.assign(task, { resolve, reject });
    });
  };
  task.hasBegun = false;
  return task;
}

test('a task begins when the one before is over, whatever came of that', async () => {
  const queue = createSerialQueue();
  const [one, two, three] = [createTask(), createTask(), createTask()];
  const results = [queue.run(one), queue.run(two), queue.run(three)];
  await soon();
  assert.deepEqual([one.hasBegun, two.hasBegun, three.hasBegun], [true, false, false]);
  one.reject(new Error('not today'));
  await assert.rejects(results[0], /not today/);
  await soon();
  assert.deepEqual([two.hasBegun, three.hasBegun], [true, false]);
  two.resolve('two');
  assert.equal(await results[1], 'two');
  await soon();
  three.resolve('three');
  assert.equal(await results[2], 'three');
  const thrown = queue.run(() => {
    throw new Error('at once');
  });
  await assert.rejects(thrown, /at once/);
  assert.equal(await queue.run(() => 'value'), 'value');
});

test('it is idle when all that was given is over', async () => {
  const queue = createSerialQueue();
  const idle = queue.idle();
  assert.equal(queue.idle(), idle);
  const task = createTask();
  queue.run(task);
  assert.notEqual(queue.idle(), idle);
  let isIdle = false;
  queue.idle().then(() => {
    isIdle = true;
  });
  await soon();
  assert.equal(isIdle, false);
  task.resolve('a value');
  assert.equal(await queue.idle(), undefined);
});

test('a hold waits for what came before, and keeps back what comes later', async () => {
  const queue = createSerialQueue();
  const [before, later] = [createTask(), createTask()];
  let end;
  let isHeld = false;
  queue.run(before);
  const held = queue
    .hold(
      new Promise((resolve) => {
        end = resolve;
      })
    )
    .then(() => {
      isHeld = true;
    });
  queue.run(later);
  await soon();
  assert.equal(isHeld, false);
  before.resolve();
  await held;
  await soon();
  assert.equal(later.hasBegun, false);
  end();
  await soon();
  assert.equal(later.hasBegun, true);
});
