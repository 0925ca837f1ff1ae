'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { setImmediate: soon } = require('node:timers/promises');
const { createNpmWait } = require('../../../lib/packages/npm/wait-for-npm');

/** The core's part: one permit, and a run of ours that keeps it until it ends or is ended. */
function createCore({ canEnd = true } = {}) {
  let holder = null;
  let last = 0;
  const waiting = [];
  const next = () => {
    if (holder === null && waiting.length > 0) {
      holder = last += 1;
      waiting.shift()(holder);
    }
  };
  const core = {
    ended: 0,
    isTaken: () => holder !== null,
    ourRun() {
      holder = 'ours';
    },
    ourRunEnds() {
      assert.equal(holder, 'ours');
      holder = null;
      next();
    },
    acquireNpm: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        next();
      }),
    releaseNpm(number) {
      assert.equal(number, holder);
      holder = null;
      next();
    }
  };
  core.endRun = () => {
    core.ended += 1;
    if (canEnd) {
      core.ourRunEnds();
    }
  };
  return core;
}

const LONG = 60000;

// The timers of the product keep no process alive.
let alive;
before(() => {
  alive = setInterval(() => {}, LONG);
});
after(() => clearInterval(alive));

test('one patience for all modules of a start: then our run is ended, not doubled', async () => {
  const core = createCore();
  const npm = createNpmWait({ packages: () => core, longest: 300, short: 20 });
  core.ourRun();
  const began = Date.now();
  await npm.acquire();
  assert.equal(Date.now() - began >= 290, true);
  assert.equal(core.ended, 1);
  npm.release();
  for (const _module of [1, 2, 3, 4]) {
    core.ourRun(); // begun again in between
    await npm.acquire();
    npm.release();
  }
  assert.equal(core.ended, 5);
  assert.equal(Date.now() - began < 4 * 300, true);
  assert.equal(core.isTaken(), false);
});

test('a run that cannot be ended: Node-RED is told, and a turn that comes too late is given back', async () => {
  const core = createCore({ canEnd: false });
  const npm = createNpmWait({ packages: () => core, longest: 20, short: 10 });
  core.ourRun();
  await assert.rejects(npm.acquire(), /npm has been busy for too long/);
  await assert.rejects(npm.acquire(), /npm has been busy for too long/);
  npm.release();
  core.ourRunEnds();
  await soon();
  await soon();
  assert.equal(core.isTaken(), false);
  await npm.acquire();
  assert.equal(core.isTaken(), true);
  npm.release();
  assert.equal(core.isTaken(), false);
});

test('whether npm is free: without keeping it, and at once after a wait in vain', async () => {
  const core = createCore();
  const npm = createNpmWait({ packages: () => core, longest: LONG, short: 10 });
  assert.equal(await npm.waitUntilFree(LONG), true);
  assert.equal(core.isTaken(), false);
  core.ourRun();
  const later = npm.waitUntilFree(LONG);
  await soon();
  core.ourRunEnds();
  assert.equal(await later, true);
  core.ourRun();
  assert.equal(await npm.waitUntilFree(20), false);
  assert.equal(await npm.waitUntilFree(LONG), false);
  // Nor does the start of the flows wait once more.
  await npm.acquire();
  assert.equal(core.ended, 1);
  npm.release();
  assert.equal(await createNpmWait({ packages: () => null }).waitUntilFree(LONG), true);
});
