'use strict';

/** Nodes that take a few milliseconds wherever all of them are looked at. */
const MANY = 1000;

/** @returns {Promise<void>} */
const nextTurn = () => new Promise((resolve) => void setImmediate(resolve));

/**
 * Lets the event loop have a turn between two looks at all of the flows, where there are so many that it
 * would stand still for both.
 *
 * @param {unknown[]} flows
 */
async function turnBetween(flows) {
  if (flows.length >= MANY) {
    await nextTurn();
  }
}

module.exports = { MANY, nextTurn, turnBetween };
