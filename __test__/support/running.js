'use strict';

const { afterEach } = require('node:test');

/**
 * What the tests of a file start, each for itself: it is stopped after the test, what was started last first.
 *
 * @returns {<T extends { stop(): Promise<void> }>(starting: T | Promise<T>) => Promise<T>}
 */
function keepRunning() {
  let running = [];
  afterEach(async () => {
    const all = running.reverse();
    running = [];
    for (const one of all) {
      await one.stop();
    }
  });
  return async (starting) => {
    const one = await starting;
    running.push(one);
    return one;
  };
}

module.exports = { keepRunning };
