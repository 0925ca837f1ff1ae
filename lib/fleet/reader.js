'use strict';

const { fleetOf } = require('./fleet');

/**
 * @import { FleetReading } from '../../binding'
 * @import { Fleet } from './fleet'
 */

/** The longest that a reading may take, in ms. */
const READING_LIMIT = 3000;
/** Who asks within this time after a reading gets the same, in ms. */
const FRESH = 500;
/** For how long a server without reports is believed to have lost them, in ms: they come again every 2 s. */
const LOST_REPORTS = 6000;

/**
 * What is known of the fleet.
 *
 * @typedef {Fleet & { asOf: number | null, problem: string | null }} Known `asOf`: how old that is, in ms; null: nothing was
 *   read yet. `problem`: why it is old
 */

/** @typedef {ReturnType<typeof createReader>} FleetReader */

/**
 * Reads the fleet for those who ask, however many at once. What was read stays while the server is away.
 *
 * @param {object} params
 * @param {{ readFleet(): Promise<FleetReading> }} params.core
 * @param {() => string | null} [params.stored] what this instance itself knows to be stored
 * @param {string | null} [params.own] the id of this instance, if it reports
 */
function createReader({ core, stored = () => null, own = null }) {
  /** @type {{ fleet: Fleet, at: number } | null} */
  let last = null;
  /** @type {Promise<string | null> | null} */
  let reading = null;
  let wasSeen = false;

  /** @param {FleetReading} read */
  const hasLostReports = ({ entries }) => {
    const isSeen = own !== null && entries.some(({ id }) => id === own);
    const isLost = wasSeen && !isSeen && last !== null && performance.now() - last.at < LOST_REPORTS;
    wasSeen ||= isSeen;
    return isLost;
  };

  /** @returns {Promise<string | null>} what is wrong */
  const read = async () => {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      const problem = new Error(`no answer from Valkey within ${READING_LIMIT / 1000} s`);
      timer = setTimeout(() => reject(problem), READING_LIMIT);
    });
    try {
      const found = /** @type {FleetReading} */ (await Promise.race([core.readFleet(), late]));
      if (hasLostReports(found)) {
        return 'Valkey has lost what instances reported; they report again within seconds';
      }
      last = { fleet: await fleetOf(found, stored()), at: performance.now() };
      return null;
    } catch (error) {
      return error.message;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    /**
     * What is known, as new as it can be had. Never rejects.
     *
     * @returns {Promise<Known>}
     */
    async read() {
      /** @type {string | null} */
      let problem = null;
      if (!last || performance.now() - last.at > FRESH) {
        reading ??= read().finally(() => {
          reading = null;
        });
        problem = await reading;
      }
      const fleet = last ? last.fleet : { revision: stored(), total: 0, inStep: 0, instances: [] };
      return { ...fleet, asOf: last && Math.round(performance.now() - last.at), problem };
    }
  };
}

module.exports = { createReader };
