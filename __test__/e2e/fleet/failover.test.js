'use strict';

// What an admin knows of the fleet while its server fails over, and after that.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { adminLine, stateLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { valueFlow } = require('../../support/request-flow.js');
const { startWatched } = require('../../support/sentinel.js');
const { PREFIX } = require('../support/admin-and-workers.js');
const { STATE, untilFleet } = require('./support/reporting.js');

const DEADLINE = 30_000;

let watched;
let admin;
let worker;

before(async () => {
  const users = [adminLine(PREFIX, 'a-secret'), workerLine(PREFIX, 'w-secret'), stateLine(PREFIX, STATE.password)];
  watched = await startWatched({ users });
  const instance = (role, password, options) =>
    startNodeRed({
      role,
      connection: watched.connection({ username: role, password }),
      valkey: { keyPrefix: PREFIX, state: STATE },
      ...options
    });
  admin = await instance('admin', 'a-secret', { flows: valueFlow('at start') });
  worker = await instance('worker', 'w-secret');
});

after(async () => {
  await admin?.stop();
  await worker?.stop();
  await watched?.stop();
});

test('a fleet is known all the time, with its age, and anew from the new master', async () => {
  const isInStep = ({ total, inStep, problem }) => total === 1 && inStep === 1 && problem === null;
  const { revision } = await untilFleet(admin, isInStep, { deadline: DEADLINE });
  const old = await watched.master();
  const promotion = watched.promotedAfter(old);
  await watched.failOver();
  await promotion;
  const meanwhile = await untilFleet(admin, () => true);
  assert.equal(meanwhile.instances.length, 2);
  assert.equal(typeof meanwhile.asOf, 'number');
  await admin.deploy(valueFlow('after it'));
  const later = (known) => isInStep(known) && known.revision !== revision;
  await untilFleet(admin, later, { deadline: DEADLINE, what: 'all of them with the last deploy' });
});
