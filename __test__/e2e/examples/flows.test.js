'use strict';

// The flow to import: its timer fires on one worker, and on another when that one goes.

const assert = require('node:assert/strict');
const { after, test } = require('node:test');

const { until } = require('../../support/wait.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const TIMER = require('../../../examples/flows/timer-once.json');

after(stopAll);

const FIRES = /fires here, with fence (\d+)/;

test('the timer of timer-once.json fires on one worker, with its fence, and then on another', async () => {
  const server = await startServerWithUsers();
  // As whoever has set up no users at the server.
  const start = (role, options) => startInstance(role, server, { user: undefined, ...options });
  const admin = await start('admin', { flows: TIMER });
  const workers = await Promise.all([start('worker'), start('worker')]);
  const owner = await until(() => workers.find(({ logs }) => FIRES.test(logs)), {
    deadline: 30_000,
    message: () => workers[0].tail()
  });
  const [other] = workers.filter((worker) => worker !== owner);
  const [, fence] = await owner.waitForLog(FIRES);
  assert.doesNotMatch(other.logs, FIRES);
  await owner.stop();
  const [, next] = await other.waitForLog(FIRES);
  assert.ok(Number(next) > Number(fence), `${next} after ${fence}`);
  assert.doesNotMatch(admin.logs, FIRES);
});
