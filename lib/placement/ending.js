'use strict';

/**
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

/** The longest that the end of Node-RED waits until others know that the tabs of this worker are free, in ms. */
const LONGEST = 500;

/**
 * At the end of Node-RED, what ran here is free once its nodes have stopped. Node-RED closes no storage when it ends, and
 * the process is gone as soon as its flows have stopped, so this is a part of that.
 *
 * @param {object} params
 * @param {Pick<Runtime['nodes'], 'stopFlows'>} params.nodes
 * @param {() => void} params.begin
 * @param {() => Promise<unknown>} params.giveBack
 * @param {Pick<Log, 'debug'>} params.log
 */
function atEnd({ nodes, begin, giveBack, log }) {
  const { stopFlows } = nodes;

  async function last() {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    /** @type {Promise<void>} */
    const longest = new Promise((resolve) => {
      timer = setTimeout(resolve, LONGEST);
    });
    await Promise.race([giveBack().catch((error) => log.debug(error.message)), longest]);
    clearTimeout(timer);
  }

  const stopAndGiveBack = async () => {
    begin();
    try {
      return await stopFlows();
    } finally {
      await last();
    }
  };
  nodes.stopFlows = stopAndGiveBack;

  return {
    async close() {
      // Somebody may have wrapped ours meanwhile: theirs stays.
      if (nodes.stopFlows === stopAndGiveBack) {
        nodes.stopFlows = stopFlows;
      }
      await last();
    }
  };
}

module.exports = { atEnd };
