'use strict';

// An admin and workers that report with the user of `state`, and what is read of them.

const { stateLine } = require('../../../support/acl.js');
const { requestFlow, valueFlow } = require('../../../support/request-flow.js');
const { until } = require('../../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers } = require('../../support/admin-and-workers.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };

/** A flow that answers with a value, and one that keeps the event loop busy for `GET /block?ms=…`. */
function blockingFlow(value) {
  const block = {
    type: 'function',
    func: 'const end = Date.now() + Number(msg.req.query.ms); while (Date.now() < end); return msg;'
  };
  return [...valueFlow(value), ...requestFlow('block', block)];
}

/** A server with a user for `state` besides those of the roles. */
const startReportingServer = () => startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });

/** An instance that reports; `label` tells it from others of the same host. */
function startReporting(role, server, label, { valkey, ...options } = {}) {
  return startInstance(role, server, { ...options, valkey: { state: STATE, labels: [label], ...valkey } });
}

/** What the admin's route answers. */
const fleetOn = async (admin) => (await admin.admin('/node-red-storage-valkey/fleet')).json();

/** The instance with that label. */
const labelled = ({ instances }, label) => instances.find(({ labels }) => labels.includes(label));

/** Waits until the route answers so; gives the answer. */
async function untilFleet(admin, condition, { deadline = 30_000, what = 'such a fleet' } = {}) {
  let last;
  await until(
    async () => {
      last = await fleetOn(admin);
      return condition(last);
    },
    { deadline, message: () => `${what}; it was ${JSON.stringify(last, undefined, 1)}` }
  );
  return last;
}

module.exports = { STATE, blockingFlow, fleetOn, labelled, startReporting, startReportingServer, untilFleet };
