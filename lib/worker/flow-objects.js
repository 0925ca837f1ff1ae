'use strict';

const { withoutCredentials } = require('../flows/credentials');

/**
 * @import { FlowDifference, PendingDeploy, StoredDeploy } from '../../binding'
 * @import { FlowNode } from '../types/node-red'
 */

/** @typedef {ReturnType<typeof createFlowObjects>} FlowObjects */

/** @param {string} text */
function parse(text) {
  return withoutCredentials(JSON.parse(text));
}

/**
 * The flow array that a difference makes of the one before it. What is the same is the same object.
 *
 * @param {FlowNode[]} before
 * @param {FlowDifference} difference
 */
function madeOf(before, { runs, nodes }) {
  const fresh = parse(nodes);
  /** @type {FlowNode[]} */
  const made = [];
  let next = 0;
  for (const { start, kept, taken } of runs) {
    for (let index = start; index < start + kept; index += 1) {
      made.push(before[index]);
    }
    for (const end = next + taken; next < end; next += 1) {
      made.push(fresh[next]);
    }
  }
  return made;
}

/**
 * The flows of the deploy that was read last, as objects: of the next one, the core then hands over
 * what differs, and the rest need be neither parsed nor compared. Nobody may change them.
 */
function createFlowObjects() {
  /** @type {{ id: string, flows: FlowNode[] } | undefined} */
  let held;

  /**
   * The flows of a deploy; `before` is what was held when the core was asked for it.
   *
   * @param {Pick<StoredDeploy, 'id' | 'flows'> | Pick<PendingDeploy, 'id' | 'flows' | 'difference'>} stored
   * @param {typeof held} [before]
   */
  function read(stored, before) {
    const difference = 'difference' in stored ? stored.difference : undefined;
    // The core gives the one or the other, and a difference only to what it was told of.
    const flows = difference && before ? madeOf(before.flows, difference) : parse(String(stored.flows));
    held = { id: stored.id, flows };
    return flows;
  }

  return { read, held: () => held };
}

module.exports = { createFlowObjects, madeOf, parse };
