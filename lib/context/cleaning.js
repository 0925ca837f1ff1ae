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
  /** @type {string | undefined} the revision of which it was told first */
  let revision;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const holdsLease = () => {
    const health = adminHealth();
    return health !== null && !health.otherAdmin && health.revision ? health : null;
  };

  const look = () => {
    const health = holdsLease();
    if (!asked || !health?.mirrored) {
      lookIn(LOOK_EVERY);
      return;
    }
    revision ??= health.revision;
    if (health.revision === revision) {
      lookIn(TELL_EVERY);
      clean(asked);
    } else {
      // Deployed while flows are stopped, say: Node-RED has told of no ids since.
      stop();
    }
  };

  /** @param {number} ms */
  const lookIn = (ms) => {
    timer = setTimeout(look, ms).unref();
  };

  const stop = () => {
    asked = null;
    revision = undefined;
    clearTimeout(timer);
  };

  return {
    /**
     * Takes the ids of a deploy; what an earlier one has asked for is forgotten. Without any, nothing is cleaned:
     * Node-RED does so before it opens another Project, whose flows may fail to load while workers run those before.
     *
     * @param {string[]} known
     */
    ask(known) {
      stop();
      if (known.length === 0) {
        return;
      }
      asked = known;
      look();
    },
    /** Whether this admin is the one that writes. */
    holdsLease: () => holdsLease() !== null,
    close: stop
  };
}

module.exports = { createCleaning };
