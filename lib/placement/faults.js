'use strict';

const { faultsOf } = require('./place');

/**
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

/**
 * What is wrong with the placement of tabs, in the flows that Node-RED has: told once in the log, until it is no longer
 * so.
 *
 * @param {{ runtime: Pick<Runtime, 'events' | 'nodes'>, log: Pick<Log, 'error'> }} params
 */
function createFaults({ runtime, log }) {
  const { events, nodes } = runtime;
  /** @type {ReturnType<Runtime['nodes']['getFlows']>} */
  let seen;
  /** @type {string[]} */
  let faults = [];
  /** @type {(faults: string[]) => void} */
  let listener = () => {};

  function look() {
    const loaded = nodes.getFlows();
    if (loaded === seen) {
      return;
    }
    seen = loaded;
    const told = new Set(faults);
    faults = faultsOf(loaded?.flows || []);
    faults.filter((fault) => !told.has(fault)).forEach((fault) => log.error(fault));
    listener(faults);
  }

  /** @param {{ id?: string } | undefined} event */
  const onEvent = (event) => {
    if (event?.id === 'runtime-state' || event?.id === 'runtime-deploy') {
      look();
    }
  };
  events.on('runtime-event', onEvent);
  events.on('flows:starting', look);

  return {
    all: () => faults,

    /** @param {(faults: string[]) => void} given */
    listen(given) {
      listener = given;
      listener(faults);
    },

    close() {
      events.removeListener('runtime-event', onEvent);
      events.removeListener('flows:starting', look);
    }
  };
}

module.exports = { createFaults };
