'use strict';

/**
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

/** The longest that the end of Node-RED waits for each of the two steps of ours, in ms. */
const LONGEST = 500;

/**
 * At the end of Node-RED, what ran here is free once its nodes have stopped. Node-RED closes no storage when it ends, and
 * the process is gone as soon as its flows have stopped, so this is a part of that. In the middle of a deploy Node-RED
 * stops nothing: what runs does so until the process is gone, and the deploy goes on.
 *
 * @param {object} params
 * @param {Pick<Runtime['nodes'], 'stopFlows'>} params.nodes
 * @param {() => Promise<void>} params.untilIdle resolves when no deploy is under way
 * @param {() => void} params.onStopped
 * @param {() => Promise<unknown>} params.giveBack
 * @param {Pick<Log, 'debug'>} params.log
 */
function atEnd({ nodes, untilIdle, onStopped, giveBack, log }) {
  const { stopFlows } = nodes;
  let isUnderWay = false;
  let hasStopped = false;
  /** @type {Promise<void> | undefined} until this, what starts is not a start after the end */
  let deploy;

  function begin() {
    isUnderWay = true;
    const idle = untilIdle();
    deploy = idle;
    void idle.then(() => {
      if (deploy === idle) {
        deploy = undefined;
      }
    });
  }

  /** @param {() => Promise<unknown>} step */
  async function atMost(step) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    /** @type {Promise<void>} */
    const longest = new Promise((resolve) => {
      timer = setTimeout(resolve, LONGEST);
    });
    await Promise.race([step().catch((error) => log.debug(error.message)), longest]);
    clearTimeout(timer);
  }

  async function last() {
    hasStopped = true;
    onStopped();
    await atMost(untilIdle);
    await atMost(giveBack);
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
    /** From its beginning until flows are started again. */
    isUnderWay: () => isUnderWay,

    /** Whether Node-RED has stopped what it stops. */
    isOver: () => hasStopped,

    /** To be called when flows are about to start. */
    onStarting() {
      if (!deploy) {
        isUnderWay = false;
        hasStopped = false;
      }
    },

    async close() {
      // Somebody may have wrapped ours meanwhile: theirs stays.
      if (nodes.stopFlows === stopAndGiveBack) {
        nodes.stopFlows = stopFlows;
      }
      begin();
      await last();
    }
  };
}

module.exports = { atEnd };
