'use strict';

const { performance } = require('node:perf_hooks');

/** ms. */
const WINDOW = 1000;

/**
 * How much may be said: so many in each second, the rest is counted. Costs next to nothing when there is no more room.
 *
 * @param {{ most: number, onWindow(leftOut: number): void, now?: () => number }} params `onWindow` is told that there is
 *   room again, and how many were left out until then
 */
function createRate({ most, onWindow, now = () => performance.now() }) {
  let room = most;
  let leftOut = 0;
  let ends = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const begin = () => {
    clearTimeout(timer);
    timer = undefined;
    ends = now() + WINDOW;
    room = most;
    const count = leftOut;
    leftOut = 0;
    onWindow(count);
  };

  /** Opens the next window in time, should nobody ask any more. */
  const arm = () => {
    timer ??= setTimeout(begin, Math.max(0, ends - now())).unref();
  };

  return {
    /** Takes a place for one message, which is counted as left out where there is none. */
    take() {
      if (now() >= ends) {
        begin();
      }
      if (room > 0) {
        room -= 1;
        return true;
      }
      leftOut += 1;
      arm();
      return false;
    },

    /** The same for what can wait: `onWindow` tells when there is room. */
    takeOrWait() {
      if (now() >= ends) {
        begin();
      }
      if (room > 0) {
        room -= 1;
        return true;
      }
      arm();
      return false;
    },

    /** Forgets what was left out. */
    close() {
      clearTimeout(timer);
      timer = undefined;
      leftOut = 0;
    }
  };
}

module.exports = { createRate };
