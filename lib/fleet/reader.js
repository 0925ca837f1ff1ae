'use strict';

const { createLentText } = require('./lent-text');

/**
 * @import { FleetReading } from '../../binding'
 * @import { MemberCore } from '../types/core'
 * @import { Known } from '../types/fleet'
 */

/** The longest that a reading may take, in ms. */
const READING_LIMIT = 3000;
/** Who asks within this time after a reading gets the same, in ms. */
const FRESH = 500;
/** For how long a server without reports is believed to have lost them, in ms: they come again every 2 s. */
const LOST_REPORTS = 6000;
const NOBODY = { inStep: 0, behind: 0, notReady: 0, lost: 0 };

/** @typedef {ReturnType<typeof createReader>} FleetReader */

/**
 * Reads the fleet for those who ask, however many at once. What was read stays while the server is away. It stays text:
 * a thousand instances as objects, made anew every 2 s, would let the memory of this process grow by 20 MB.
 *
 * @param {object} params
 * @param {Pick<MemberCore, 'readFleet' | 'takeFleet' | 'readMembers'>} params.core
 * @param {() => string | null} [params.stored] what this instance itself knows to be stored
 * @param {boolean} [params.reports] whether this instance itself has to be among them
 */
function createReader({ core, stored = () => null, reports = false }) {
  const text = createLentText();
  /** @type {{ workers: FleetReading['workers'], at: number } | null} */
  let last = null;
  /** @type {Promise<string | null> | null} */
  let pending = null;
  let wasSeen = false;

  /** @param {FleetReading} reading */
  const hasLostReports = ({ hasOwn }) => {
    const isSeen = reports && hasOwn;
    const isLost = wasSeen && !isSeen && last !== null && performance.now() - last.at < LOST_REPORTS;
    wasSeen ||= isSeen;
    return isLost;
  };

  /** @returns {Promise<string | null>} what is wrong */
  const read = async () => {
    try {
      const reading = await inTime(core.readFleet(stored()));
      if (hasLostReports(reading)) {
        return 'Valkey has lost what instances reported; they report again within seconds';
      }
      text.write(reading.length, core.takeFleet);
      last = { workers: reading.workers, at: performance.now() };
      return null;
    } catch (error) {
      return error.message;
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
        pending ??= read().finally(() => {
          pending = null;
        });
        problem = await pending;
      }
      return last
        ? { workers: last.workers, asOf: Math.round(performance.now() - last.at), problem }
        : { workers: NOBODY, asOf: null, problem };
    },

    /**
     * What was read last, as JSON in UTF-8; to be given back once it is sent.
     *
     * @returns {{ text: Uint8Array, giveBack(): void }}
     */
    lend() {
      if (last) {
        return text.lend();
      }
      const nothing = { revision: stored(), total: 0, inStep: 0, instances: [] };
      return { text: Buffer.from(JSON.stringify(nothing)), giveBack() {} };
    },

    /** The instances in few words; rejects while the server is away. */
    members: () => inTime(core.readMembers())
  };
}

/**
 * @template Value
 * @param {Promise<Value>} answer
 * @returns {Promise<Value>}
 */
async function inTime(answer) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    const problem = new Error(`no answer from Valkey within ${READING_LIMIT / 1000} s`);
    timer = setTimeout(() => reject(problem), READING_LIMIT);
  });
  try {
    return /** @type {Value} */ (await Promise.race([answer, late]));
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { createReader };
