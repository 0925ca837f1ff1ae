'use strict';

/**
 * Updates that take turns: of several that wait, only the newest is applied.
 *
 * @param {object} options
 * @param {object} options.queue whose turn it is
 * @param {(update: object) => Promise<object>} options.applyNow
 * @param {() => object} options.superseded what an update that another one has overtaken comes to
 */
function createNewest({ queue, applyNow, superseded }) {
  let next;
  let taking;

  /** Resolves with what `applyNow`, or `superseded`, gave. */
  function apply(update) {
    if (next) {
      next.resolve(superseded());
    }
    const entry = { update };
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
    inHand: () => [taking, next && next.update].filter(Boolean)
  };
}

module.exports = { createNewest };
