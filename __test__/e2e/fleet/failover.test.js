'use strict';

// What an admin knows of the fleet while its server fails over, and after that.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { STATE, untilFleet } = require('./support/reporting.js');
const { PREFIX } = require('../support/admin-and-workers.js');
const { startWatchedPair } = require('../support/watched-pair.js');
const { stateLine } = require('../../support/acl.js');
const { valueFlow } = require('../../support/request-flow.js');

let pair;

before(async () => {
  pair = await startWatchedPair({
    flows: valueFlow('at start'),
    users: [stateLine(PREFIX, STATE.password)],
    valkey: { state: STATE }
  });
});

after(() => pair?.stop());

test('a fleet is known all the time, with its age, and anew from the new master', async () => {
  const { watched, admin } = pair;
  const isInStep = ({ total, inStep, problem }) => total === 1 && inStep === 1 && problem === null;
  const { revision } = await untilFleet(admin, isInStep);
  const old = await watched.master();
  const promotion = watched.promotedAfter(old);
  await watched.failOver();
  await promotion;
  const meanwhile = await untilFleet(admin, () => true);
  assert.equal(meanwhile.instances.length, 2);
  assert.equal(typeof meanwhile.asOf, 'number');
  await admin.deploy(valueFlow('after it'));
  const later = (known) => isInStep(known) && known.revision !== revision;
  await untilFleet(admin, later, { what: 'all of them with the last deploy' });
});
