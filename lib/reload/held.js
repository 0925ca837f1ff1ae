'use strict';

const { createBackoff } = require('../backoff');

/**
 * @import { Log } from '../types/core'
 * @import { Queue } from './queue'
 */

/** Between two attempts to start an update whose types have come, in ms. */
const PAUSES = { first: 1000, longest: 30_000 };

/**
 * Starts, in its turn, an update that waits for types, and tries again when that fails.
 *
 * @template Held
 * @param {object} params
 * @param {Pick<Queue, 'update'>} params.queue
 * @param {() => Held | undefined} params.ready the update that waits, once its types are there
 * @param {(held: Held) => boolean} params.isWanted whether it is to be started still, as its turn comes
 * @param {(held: Held) => Promise<void>} params.start
 * @param {(level: keyof Log, text: string) => void} params.log
 */
function createHeldStart({ queue, ready, isWanted, start, log }) {
  /** To be called whenever a type has come: nothing happens as long as one is missing. */
  function startIfReady(pauses = createBackoff(PAUSES)) {
    const held = ready();
    if (!held) {
      return;
    }
    queue
      .update(async () => {
        if (isWanted(held)) {
          await start(held);
        }
      })
      .catch((error) => {
        const pause = pauses.nextWait();
        log(
          'error',
          `An update whose node types have been installed could not be applied: ${error.message} ` +
            `(next attempt in ${pause / 1000} s)`
        );
        setTimeout(() => startIfReady(pauses), pause).unref();
      });
  }

  return { startIfReady };
}

module.exports = { createHeldStart };
