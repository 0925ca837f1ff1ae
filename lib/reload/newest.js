'use strict';

/**
 * @import { Update } from './comparison'
 * @import { Queue } from './queue'
 * @import { Result } from './result'
 */

/**
 * Updates that take turns: of several that wait, only the newest is applied.
 *
 * @param {object} options
 * @param {Queue} options.queue whose turn it is
 * @param {(update: Update) => Promise<Result>} options.applyNow
 * @param {() => Result} options.superseded what an update that another one has overtaken comes to
 */
function createNewest({ queue, applyNow, superseded }) {
  /** @type {{ update: Update, resolve: (result: Result) => void } | undefined} */
  let next;
  /** @type {Update | undefined} */
  let taking;

  /**
   * Resolves with what `applyNow`, or `superseded`, gave.
   *
   * @param {Update} update
   * @returns {Promise<Result>}
   */
  function apply(update) {
    if (next) {
      next.resolve(superseded());
    }
    const entry = { update, resolve: (/** @type {Result} */ _result) => {} };
    next = entry;
    return new Promise((resolve, reject) => {
      entry.resolve = resolve;
      queue
        .update(
          async () => {
            next = undefined;
            taking = update;
            resolve(
              await applyNow(update).finally(() => {
                taking = undefined;
              })
            );
          },
          () => next === entry
        )
        .catch((error) => {
          if (next === entry) {
            next = undefined;
          }
          reject(error);
        });
    });
  }

  return {
    apply,
    /** The update that is being applied and the one that waits for its turn. */
    inHand: () => [taking, next && next.update].filter((update) => update !== undefined)
  };
}

module.exports = { createNewest };
