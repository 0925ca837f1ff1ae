'use strict';

// A deploy of 20,000 nodes, 6 MB: of which one has changed, and of which all have. How long the event
// loops stall at a time, and when the worker runs it.

const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { timeWithProbes } = require('../measure/deploy.js');
const { line, ratioTo } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { withFleets } = require('../subjects.js');

const SUBJECTS = ['valkey', 'default', 'plain'];

/** The lines of one kind of deploy; limits are shares of what default storage has. */
async function deploys(fleets, { rounds, flowsOf, what, type, arrivals, stall, convergence }) {
  const samples = await alternate(fleets, rounds, async (fleet, round) => {
    const version = `${what} ${round}`;
    const { last, admin, worker } = await timeWithProbes(fleet, flowsOf(version), version, { arrivals, type });
    return { last, admin: admin.stall, worker: worker.stall };
  });
  return [
    line(`${what}: longest stall of the worker`, 'ms', samples.worker, ratioTo('default', stall)),
    line(`${what}: longest stall of the admin`, 'ms', samples.admin, ratioTo('default', stall)),
    line(`${what}: POST begun until the worker runs it`, 'ms', samples.last, ratioTo('default', convergence))
  ];
}

module.exports = {
  name: 'large-deploys',
  title: 'Deploy of 20,000 nodes',

  async run({ times }) {
    const nodes = times(20_000, 400);
    const server = await startServer();
    const arrivals = await openArrivals();
    try {
      const options = { server, flows: largeFlow('first', nodes), settings: arrivals.settings, probes: true };
      return await withFleets(SUBJECTS, options, async (fleets) => {
        await Promise.all(fleets.map(({ workers }) => arrivals.of(workers[0], 'first')));
        const one = await deploys(fleets, {
          rounds: times(4, 1),
          flowsOf: (version) => largeFlow(version, nodes),
          what: 'one node changed',
          type: 'nodes',
          arrivals,
          stall: 0.1,
          convergence: 0.35
        });
        const all = await deploys(fleets, {
          rounds: times(3, 1),
          flowsOf: (version) => largeFlow(version, nodes, true),
          what: 'everything changed',
          type: 'full',
          arrivals,
          stall: 0.5,
          convergence: 0.5
        });
        return [...one, ...all];
      });
    } finally {
      arrivals.close();
      await server.stop();
    }
  }
};
