'use strict';

/**
 * Numbers that look random, the same in each run.
 *
 * @param {number} seed
 * @returns {(below: number) => number} a whole number from 0
 */
function createRandom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

module.exports = { createRandom };
