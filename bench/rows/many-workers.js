'use strict';

// Twenty workers and a deploy of 1 MB of which one node has changed: until the last of them runs it.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { timeArrival } = require('../measure/deploy.js');
const { line, ratioTo } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { withFleets } = require('../subjects.js');

/** Until all of them have nothing to do any more. */
const PAUSE = 500;

module.exports = {
  name: 'many-workers',
  title: 'Twenty workers, 1 MB',

  async run({ times }) {
    const nodes = times(3_400, 100);
    const server = await startServer();
    const arrivals = await openArrivals();
    try {
      const flows = largeFlow('first', nodes);
      const options = { server, flows, settings: arrivals.settings, workers: times(20, 2) };
      return await withFleets(['valkey', 'plain'], options, async (fleets) => {
        const all = fleets.flatMap(({ workers }) => workers);
        await Promise.all(all.map((worker) => arrivals.of(worker, 'first')));
        const { last } = await alternate(fleets, times(6, 1), async (fleet, round) => {
          await delay(PAUSE);
          const version = `version ${round}`;
          return timeArrival(fleet, largeFlow(version, nodes), version, { arrivals });
        });
        return [line('POST begun until the last of 20 workers runs it, 1 MB', 'ms', last, ratioTo('plain', 0.4))];
      });
    } finally {
      arrivals.close();
      await server.stop();
    }
  }
};
