'use strict';

// Thirty tabs that run once, on five workers that are started together.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { until } = require('../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { tab } = require('./support/cluster.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const LEASE = 5000;
const MOST = 9;
const NAMES = Array.from({ length: 30 }, (_, index) => `once-${index}`);

let server;
let workers;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
  await startInstance('admin', server, {
    flows: NAMES.flatMap((name) => tab(name, 'once')),
    valkey: { state: STATE }
  });
  workers = await Promise.all(
    Array.from({ length: 5 }, () =>
      startInstance('worker', server, { valkey: { state: STATE, onceLease: LEASE }, deadline: 90_000 })
    )
  );
});

after(stopAll);

/** How many tabs each of these runs, once all run somewhere; none runs twice at any look. */
async function untilAllRun(running, deadline) {
  let counts;
  await until(
    async () => {
      const found = await Promise.all(running.map(async (worker) => Object.keys(await trackedOn(worker))));
      counts = found.map((names) => names.length);
      const all = found.flat();
      // The answers are not of one moment: a tab that was seen twice has moved meanwhile, and is seen once the next time.
      return all.length === NAMES.length && new Set(all).size === NAMES.length;
    },
    { deadline, message: () => `all ${NAMES.length} tabs (have ${counts}); ${running[0].tail(10)}` }
  );
  return counts;
}

test('started together, none has more than nine', async () => {
  const counts = await untilAllRun(workers, 30_000);
  assert.ok(Math.max(...counts) <= MOST, String(counts));
});

test('when one goes its tabs spread over the others, whose own stay where they are', async () => {
  const [gone, ...others] = workers;
  const before = await Promise.all(others.map(trackedOn));
  await gone.stop();
  const counts = await untilAllRun(others, LEASE + 15_000);
  assert.ok(Math.max(...counts) <= 12, String(counts));
  const now = await Promise.all(others.map(trackedOn));
  before.forEach((tabs, index) => {
    for (const [id, node] of Object.entries(tabs)) {
      assert.deepEqual(now[index][id], node, `${id} was neither moved nor started again`);
    }
  });
});
