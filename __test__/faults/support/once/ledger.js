'use strict';

// What the tab did, where and when: read from the server that it writes to.

const { startServer } = require('../../../support/server.js');
const { until } = require('../../../support/wait.js');

/** @param {string} entry */
function parse(entry) {
  const [fence, worker, time] = entry.split(' ');
  return { fence: Number(fence), worker, time: Number(time) };
}

async function openLedger() {
  const server = await startServer();
  const client = server.client();
  const list = async (name, from) => (await client.lrange(name, from, -1)).map(parse);

  return {
    port: server.port,

    /** How many writes there are. */
    mark: () => client.llen('ticks'),

    /** The writes from one on. */
    ticks: (from = 0) => list('ticks', from),

    /** Those that came with an old fence. */
    refused: () => list('refused', 0),

    /** The last write. */
    last: async () => (await list('ticks', -1))[0],

    /**
     * Waits until it is written with a fence above this one.
     *
     * @param {number} fence
     * @param {{ deadline: number, message: () => string }} options
     */
    above(fence, { deadline, message }) {
      return until(
        async () => {
          const last = await this.last();
          return last?.fence > fence && last;
        },
        { deadline, interval: 20, message }
      );
    },

    close: () => server.stop()
  };
}

/** The longest time between two writes. */
function longestGap(ticks) {
  return Math.max(0, ...ticks.slice(1).map((tick, index) => tick.time - ticks[index].time));
}

module.exports = { longestGap, openLedger };
