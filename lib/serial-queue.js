'use strict';

const nothing = () => {};

/** Runs tasks one after the other, in the order in which they are given. */
function createSerialQueue() {
  /** @type {Promise<void>} */
  let last = Promise.resolve();

  /**
   * Runs `task` when all before it are over, whatever came of them; settles as the task does.
   *
   * @template T
   * @param {() => T | Promise<T>} task
   * @returns {Promise<T>}
   */
  function run(task) {
    const result = last.then(task);
    last = result.then(nothing, nothing);
    return result;
  }

  /**
   * Keeps what is given later back until `end` is settled. Resolves when all that was given
   * before is over.
   *
   * @param {Promise<unknown>} end
   * @returns {Promise<void>}
   */
  function hold(end) {
    const before = last;
    run(() => end).catch(nothing);
    return before;
  }

  return {
    run,
    hold,
    /**
     * Resolves when all that was given so far is over: the same promise as long as nothing else
     * is given.
     */
    idle: () => last
  };
}

module.exports = { createSerialQueue };
