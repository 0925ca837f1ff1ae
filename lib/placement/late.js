'use strict';

/** @import { HeldTab } from '../types/core' */

/**
 * Finds the tabs whose lease is held and that Node-RED has not come to start for as long as a lease: something else is
 * being started or stopped, and meanwhile they run nowhere.
 *
 * @param {number} lease ms
 * @returns {(waiting: HeldTab[]) => HeldTab[]} given those that are held and not started
 */
function createLate(lease) {
  /** @type {Map<string, { fence: number, since: number }>} by id */
  let known = new Map();

  return (waiting) => {
    const now = performance.now();
    /** @type {HeldTab[]} */
    const late = [];
    /** @type {typeof known} */
    const next = new Map();
    for (const own of waiting) {
      const { tab, fence } = own;
      const before = known.get(tab);
      const since = before?.fence === fence ? before.since : now;
      next.set(tab, { fence, since });
      if (now - since >= lease) {
        late.push(own);
      }
    }
    known = next;
    return late;
  };
}

module.exports = { createLate };
