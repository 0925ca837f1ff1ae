'use strict';

/** @import { Runtime } from '../types/node-red' */

/** How many times later than it should be the look at what is held may be. */
const LATE = 2;

/** Of each gate another: two runtimes in one process share their hooks. */
let count = 0;

/**
 * Keeps messages from moving on tabs that run here no longer, from the moment in which that is known until Node-RED has
 * stopped their nodes, which may take a while: another worker may have begun. As long as no tab runs on this worker alone,
 * Node-RED has no hook of ours to ask.
 *
 * @param {object} params
 * @param {Runtime['hooks']} params.hooks
 * @param {number} params.interval ms in which `set` is called again as long as the event loop turns
 * @param {() => void} params.look calls `set`; asked when it was not: after a pause of the process a message may come first
 */
function createGate({ hooks, interval, look }) {
  /** @type {Set<string>} */
  let shut = new Set();
  let isWatching = false;
  // While a machine sleeps one of the two may stand still.
  let monotonic = performance.now();
  let wall = Date.now();
  count += 1;
  const label = `valkey-placement-${count}`;

  function isLate() {
    return Math.max(performance.now() - monotonic, Math.abs(Date.now() - wall)) > LATE * interval;
  }

  /** @param {any} node of Node-RED; it knows the flow that it is in, and that one the flow or group around it */
  function isShut(node) {
    if (isLate()) {
      look();
    }
    for (let flow = shut.size > 0 ? node?._flow : undefined; flow; flow = flow.parent) {
      if (shut.has(flow.id)) {
        return true;
      }
    }
    return false;
  }

  /** @param {boolean} isWanted */
  function watch(isWanted) {
    if (isWanted === isWatching) {
      return;
    }
    isWatching = isWanted;
    hooks.remove(`*.${label}`);
    if (isWanted) {
      hooks.add(`onSend.${label}`, (events) => (isShut(events[0]?.source?.node) ? false : undefined));
      hooks.add(`onReceive.${label}`, (event) => (isShut(event.destination?.node) ? false : undefined));
    }
  }

  return {
    /**
     * @param {Iterable<string>} tabs on which nothing moves from now on; none: all are open
     * @param {boolean} isAnyHere whether a tab runs on this worker alone
     */
    set(tabs, isAnyHere) {
      monotonic = performance.now();
      wall = Date.now();
      shut = new Set(tabs);
      watch(isAnyHere || shut.size > 0);
    },

    close() {
      shut = new Set();
      watch(false);
    }
  };
}

module.exports = { createGate };
