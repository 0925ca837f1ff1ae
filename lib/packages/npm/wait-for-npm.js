'use strict';

/** @import { Packages } from '../../../binding' */

/** ms that the start of flows waits for npm, at most; updates are given up after some minutes. */
const LONGEST = 120000;
/** ms in which an npm run that was ended gives its turn back. */
const ENDING = 15000;
/** ms of patience while a wait has just been in vain, and how long that is remembered. */
const SHORT = 1000;
const MEMORY = 60000;

/**
 * Turns at npm for Node-RED's own runs. While it waits for one its changed nodes stand still, and
 * it asks for each module by itself: so all waits of one start share one patience, and when that
 * is over our npm run is ended, not doubled. The core begins it anew later.
 *
 * @param {object} options
 * @param {() => Pick<Packages, 'acquireNpm' | 'releaseNpm' | 'endRun'> | null} options.packages the core's
 * @param {number} [options.longest] ms
 * @param {number} [options.ending] ms
 * @param {number} [options.short] ms
 * @param {number} [options.memory] ms
 */
function createNpmWait({ packages, longest = LONGEST, ending = ENDING, short = SHORT, memory = MEMORY }) {
  /** @type {number | null} */
  let held = null; // one at a time has it
  let shortUntil = 0;

  const isShort = () => Date.now() < shortUntil;
  const waitWasInVain = () => {
    shortUntil = Date.now() + memory;
  };

  /** Rejected with, as what stands for no turn: Node-RED goes on without one. */
  const followed = () => {
    const opened = packages();
    if (!opened) {
      throw new Error('packages are not synchronised');
    }
    return opened;
  };

  /**
   * The number of the turn, or null when there is none within `ms`.
   *
   * @param {number} ms
   * @returns {Promise<number | null>}
   */
  function turnWithin(ms) {
    const core = followed();
    return new Promise((resolve, reject) => {
      let isOver = false;
      const timer = setTimeout(() => {
        isOver = true;
        resolve(null);
      }, ms);
      timer.unref();
      core.acquireNpm().then(
        (given) => {
          clearTimeout(timer);
          if (isOver && typeof given === 'number') {
            core.releaseNpm(given);
          }
          resolve(given ?? null);
        },
        (error) => {
          clearTimeout(timer);
          reject(error);
        }
      );
    });
  }

  return {
    /** Resolves when npm is Node-RED's; rejects when it is to go on without a turn. */
    async acquire() {
      let given = await turnWithin(isShort() ? short : longest);
      if (given === null) {
        waitWasInVain();
        followed().endRun();
        given = await turnWithin(ending);
      }
      if (given === null) {
        throw new Error('npm has been busy for too long');
      }
      held = given;
    },

    release() {
      const given = held;
      held = null;
      const core = packages();
      if (core && given !== null) {
        core.releaseNpm(given);
      }
    },

    /**
     * Waits at most `ms` until no npm runs; whether none does. At once after a wait in vain.
     *
     * @param {number} ms
     */
    async waitUntilFree(ms) {
      if (!packages() || isShort()) {
        return !packages();
      }
      const given = await turnWithin(ms);
      if (given === null) {
        waitWasInVain();
        return false;
      }
      followed().releaseNpm(given);
      return true;
    }
  };
}

module.exports = { createNpmWait };
