'use strict';

// Start of a process with 20,000 nodes, until they run: the admin and the worker, each beside plain
// Node-RED, and each with what the process before has left on its disk.

const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { line, ratioTo } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { startedAnew } = require('../measure/start.js');
const { withFleets } = require('../subjects.js');

module.exports = {
  name: 'start-large',
  title: 'Start with 20,000 nodes',

  async run({ times }) {
    const server = await startServer();
    const arrivals = await openArrivals();
    try {
      const flows = largeFlow('first', times(20_000, 400));
      const options = { server, flows, settings: arrivals.settings };
      return await withFleets(['valkey', 'default'], options, async ([ours, plain]) => {
        await arrivals.of(ours.workers[0], 'first');
        const instances = { default: plain.admin, admin: ours.admin, worker: ours.workers[0] };
        const { took } = await alternate(
          Object.keys(instances),
          times(5, 1),
          async (name) => {
            const instance = instances[name];
            const began = await startedAnew(instance);
            return { took: (await arrivals.of(instance, 'first')) - began };
          },
          (name) => name
        );
        return ['admin', 'worker'].map((role) =>
          line(
            `${role}: process started until all nodes run`,
            'ms',
            { valkey: took[role], default: took.default },
            ratioTo('default', 0.6)
          )
        );
      });
    } finally {
      arrivals.close();
      await server.stop();
    }
  }
};
