'use strict';

const { performance } = require('node:perf_hooks');

/** ms for which what was read is believed. */
const FRESH = 5000;

/**
 * What workers are called: as the fleet has them, where two of the same host have different names; one that is not known
 * there by the name that it gives itself.
 *
 * @param {{ read: () => Promise<Array<{ id: string, name: string }>>, now?: () => number }} params `read`
 *   gives the fleet; what it rejects with leaves names as they are
 */
function createNames({ read, now = () => performance.now() }) {
  /** @type {Map<string, string>} */
  let known = new Map();
  let readAt = -Infinity;
  /** @type {Promise<void> | null} */
  let reading = null;

  return {
    /** Reads them, unless that was done shortly before. Never rejects. */
    async refresh() {
      if (!reading && now() - readAt > FRESH) {
        reading = read().then(
          (instances) => {
            known = new Map(instances.map(({ id, name }) => [id, name]));
            readAt = now();
            reading = null;
          },
          () => {
            reading = null;
          }
        );
      }
      await reading;
    },

    /** @param {{ id: string, name: string }} worker */
    of: ({ id, name }) => known.get(id) ?? name,

    /**
     * The id of who is called so; null when nobody is.
     *
     * @param {string} name
     */
    idOf: (name) => [...known].find((entry) => entry[1] === name)?.[0] ?? null
  };
}

module.exports = { createNames };
