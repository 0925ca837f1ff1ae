'use strict';

/** @import { FlowsModule, ParsedFlows, ParsedTab } from '../../types/node-red' */

/** @typedef {ReturnType<typeof createRead>} Read */

/**
 * A tab that Node-RED has read and is to run here alone.
 *
 * @typedef {{ fence: number, tab: ParsedTab }} Reading
 */

/**
 * What Node-RED has read and starts from: not all that it reads, as the save of a deploy can be refused after that.
 *
 * @param {Pick<FlowsModule, 'eachNode'>} flows
 */
function createRead({ eachNode }) {
  /** @type {WeakMap<object, ReadonlyMap<string, Reading>>} by the first of its nodes, which Node-RED shows of what it has taken */
  const readings = new WeakMap();
  let isAny = false;

  return {
    /**
     * @param {ParsedFlows} parsed
     * @param {ReadonlyMap<string, Reading>} fenced by id
     */
    note({ allNodes }, fenced) {
      if (fenced.size === 0) {
        return;
      }
      const [first] = Object.values(allNodes);
      if (first) {
        readings.set(first, fenced);
        isAny = true;
      }
    },

    /**
     * The tabs that Node-RED has been told to run here alone, by id.
     *
     * @returns {ReadonlyMap<string, Reading>}
     */
    taken() {
      if (!isAny) {
        // All nodes would be gone through for nothing.
        return new Map();
      }
      /** @type {object | undefined} */
      let first;
      eachNode((node) => {
        first ??= node;
      });
      return (first && readings.get(first)) || new Map();
    }
  };
}

/**
 * Keeps a tab that does not run out of the start that Node-RED is about to begin in this turn of the event loop. In what it
 * has read the tab stays as it was: what is read next is compared with that.
 *
 * @param {ParsedTab} tab
 */
function keepOut(tab) {
  const { disabled } = tab;
  tab.disabled = true;
  queueMicrotask(() => {
    tab.disabled = disabled;
  });
}

/**
 * Has Node-RED start no further node of a tab, until it reads the tab again: as if each were disabled, and not to be seen
 * in a copy.
 *
 * @param {ParsedTab} tab
 */
function standStill({ configs, nodes }) {
  for (const node of Object.values({ ...configs, ...nodes })) {
    Object.defineProperty(node, 'd', { value: true, enumerable: false, configurable: true });
  }
}

module.exports = { createRead, keepOut, standStill };
