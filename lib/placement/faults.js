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
 * @param {{ runtime: Pick<Runtime, 'events' | 'nodes'>, log: Pick<Log, 'error' | 'warn'> }} params
 */
function createFaults({ runtime, log }) {
  const { events, nodes } = runtime;
  /** @type {ReturnType<Runtime['nodes']['getFlows']>} */
  let seen;
  /** @type {string[]} */
  let faults = [];
  /** @type {string[]} what others have to do with */
  let elsewhere = [];
  /** @type {(faults: string[]) => void} */
  let listener = () => {};

  const all = () => faults.concat(elsewhere);

  function look() {
    const loaded = nodes.getFlows();
    if (loaded === seen) {
      return;
    }
    seen = loaded;
    const told = new Set(faults);
    faults = faultsOf(loaded?.flows || []);
    faults.filter((fault) => !told.has(fault)).forEach((fault) => log.error(fault));
    listener(all());
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
    all,

    /**
     * What is wrong by what others report; all of it, each time.
     *
     * @param {string[]} found
     */
    setElsewhere(found) {
      if (found.join('\n') !== elsewhere.join('\n')) {
        found.filter((text) => !elsewhere.includes(text)).forEach((text) => log.warn(text));
        elsewhere = found;
        listener(all());
      }
    },

    /** @param {(faults: string[]) => void} given */
    listen(given) {
      listener = given;
      listener(all());
    },

    close() {
      events.removeListener('runtime-event', onEvent);
      events.removeListener('flows:starting', look);
    }
  };
}

module.exports = { createFaults };
