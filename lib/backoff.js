'use strict';

/**
 * Waits that double: the first is `first` ms, none is longer than `longest`.
 *
 * @param {{ first: number, longest: number }} limits
 */
function createBackoff({ first, longest }) {
  let next = first;
  return {
    /** The wait before the next attempt, in ms. */
    nextWait() {
      const wait = Math.min(next, longest);
      next = wait * 2;
      return wait;
    }
  };
}

module.exports = { createBackoff };
