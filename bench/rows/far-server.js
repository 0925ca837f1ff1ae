'use strict';

// A deploy of a small flow when the server is 80 ms away, there and back: what counts is how often an
// instance waits for it.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { startDelayingProxy } = require('../delaying-proxy.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { timeDeploy } = require('../measure/deploy.js');
const { line } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { withFleets } = require('../subjects.js');

const ROUND_TRIP = 80;
const APART = 300;

/** How many round trips more than default storage, which makes none. */
const tripsMoreThanDefault = (limit) => ({
  text: `≤ default + ${limit} round trips`,
  of: (medians) => (medians.valkey - medians.default) / ROUND_TRIP,
  show: (figure) => `+ ${figure.toFixed(1)} round trips`,
  met: (figure) => figure <= limit
});

const trips = (limit) => ({
  text: `≤ ${limit} round trips`,
  of: (medians) => medians.valkey / ROUND_TRIP,
  show: (figure) => `${figure.toFixed(1)} round trips`,
  met: (figure) => figure <= limit
});

module.exports = {
  name: 'far-server',
  title: `Deploy of 11 nodes, the server ${ROUND_TRIP} ms away`,

  async run({ times }) {
    const server = await startServer();
    const proxies = [];
    const wayTo = async () => {
      const proxy = await startDelayingProxy(server, ROUND_TRIP / 2);
      proxies.push(proxy);
      return proxy;
    };
    try {
      const subjects = ['valkey', 'default', 'plain'];
      return await withFleets(subjects, { server, wayTo, flows: smallFlow('first') }, async (fleets) => {
        await Promise.all(fleets.map(({ workers }) => answered(workers[0], 'first')));
        const { post, worker } = await alternate(fleets, times(12, 1), async (fleet, round) => {
          await delay(APART);
          const version = `version ${round}`;
          return timeDeploy(fleet, smallFlow(version), version);
        });
        return [
          line(
            `POST until it is answered, ${ROUND_TRIP} ms to the server and back`,
            'ms',
            post,
            tripsMoreThanDefault(2.2)
          ),
          line('POST begun until the worker answers', 'ms', worker, trips(4.2))
        ];
      });
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await server.stop();
    }
  }
};
