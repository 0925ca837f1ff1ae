'use strict';

const { nextTurn } = require('../turn');

/** So many nodes take a millisecond or two. */
const STEP = 500;
/** For so long a turn of the event loop is used, in ms. */
const TURN = 8;

/**
 * Steps to something, between which others may have a turn. A step may ask for the places of all nodes that may name one of
 * these ids, and does without where it is not answered.
 *
 * @template T
 * @typedef {Generator<{ naming: string[] } | void, T, number[] | void>} Steps
 */

/**
 * Calls `each(index)` for as many, and yields now and then.
 *
 * @param {number} count
 * @param {(index: number) => void} each
 * @returns {Steps<void>}
 */
function* inSteps(count, each) {
  for (let index = 0; index < count; index += 1) {
    each(index);
    if (index % STEP === STEP - 1) {
      yield;
    }
  }
}

/**
 * All steps at once.
 *
 * @template T
 * @param {Steps<T>} steps
 * @returns {T}
 */
function atOnce(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      return value;
    }
  }
}

/**
 * The same, with turns of the event loop between them.
 *
 * @template T
 * @param {Steps<T>} steps
 * @returns {Promise<T>}
 */
async function overTurns(steps) {
  let began = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      return value;
    }
    if (performance.now() - began > TURN) {
      await nextTurn();
      began = performance.now();
    }
  }
}

module.exports = { atOnce, inSteps, overTurns };
