'use strict';

// What keeping the history adds to a deploy of 20,000 nodes, 6 MB, of which one has changed: to the admin's event
// loop, in all, and to the answer. The same admin without it stands beside.

const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { timeWithProbes } = require('../measure/deploy.js');
const { atMost, line } = require('../measure/line.js');
const { alternate, median } = require('../measure/samples.js');
const { startFleet } = require('../subjects.js');

const WITHOUT = 'without';

module.exports = {
  name: 'history',
  title: 'What keeping the history adds to a deploy',

  async run({ times }) {
    const nodes = times(20_000, 400);
    const server = await startServer();
    const arrivals = await openArrivals();
    const fleets = [];
    try {
      const options = { server, flows: largeFlow('first', nodes), settings: arrivals.settings, probes: true };
      fleets.push(await startFleet('valkey', options));
      fleets.push({ ...(await startFleet('valkey', { ...options, valkey: { history: false } })), subject: WITHOUT });
      await Promise.all(fleets.map(({ workers }) => arrivals.of(workers[0], 'first')));
      const samples = await alternate(fleets, times(8, 1), async (fleet, round) => {
        const version = `version ${round}`;
        const { post, admin } = await timeWithProbes(fleet, largeFlow(version, nodes), version, { arrivals });
        return { post, busy: admin.busy };
      });
      const added = ({ valkey, [WITHOUT]: without }) => ({ valkey: [median(valkey) - median(without)] });
      return [
        line('event loop of the admin busy, added', 'ms', added(samples.busy), atMost(5, 'ms')),
        // Nothing waits for it: 0, within what the answer differs by from run to run.
        line('POST until it is answered, added', 'ms', added(samples.post), atMost(5, 'ms'))
      ];
    } finally {
      await Promise.all(fleets.map((fleet) => fleet.stop()));
      arrivals.close();
      await server.stop();
    }
  }
};
