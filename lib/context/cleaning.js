'use strict';

/**
 * @import { AdminHealth } from '../../binding'
 */

/** How often it is looked whether the admin may clean, in ms. */
const LOOK_EVERY = 1000;

/** How often what is known is told again, in ms: what is not known goes after a delay, without another deploy. */
const TELL_EVERY = 60 * 60 * 1000;

/**
 * When the contexts of flows that are gone may go: Node-RED says on every deploy which ids there are, and only an admin
 * that holds the lease and whose flows are mirrored knows that no other instance runs more than those.
 *
 * @param {object} parts
 * @param {() => AdminHealth | null} parts.adminHealth
 * @param {(known: string[]) => unknown} parts.clean
 */
function createCleaning({ adminHealth, clean }) {
  /** @type {string[] | null} */
  let asked = null;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const holdsLease = () => {
    const health = adminHealth();
    return health !== null && !health.otherAdmin && health.revision ? health : null;
  };

  const look = () => {
    if (asked && holdsLease()?.mirrored) {
      clean(asked);
      lookEvery(TELL_EVERY);
    }
  };

  /** @param {number} ms */
  const lookEvery = (ms) => {
    clearInterval(timer);
    timer = setInterval(look, ms).unref();
  };

  return {
    /**
     * Takes the ids of a deploy; what an earlier one has asked for is forgotten.
     *
     * @param {string[]} known
     */
    ask(known) {
      asked = known;
      lookEvery(LOOK_EVERY);
      look();
    },
    /** Whether this admin is the one that writes. */
    holdsLease: () => holdsLease() !== null,
    close() {
      asked = null;
      clearInterval(timer);
    }
  };
}

module.exports = { createCleaning };
