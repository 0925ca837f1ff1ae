'use strict';

const { HOLD_TYPE } = require('./hold');
const { restartedNodes } = require('./restarts');

/**
 * @import { Configuration, Difference } from './comparison'
 * @import { Call } from './own-calls'
 */

/**
 * What has come of handing a configuration to Node-RED; `isHeld`: it waits for types.
 *
 * @typedef {object} Outcome
 * @property {boolean} isHeld
 * @property {Set<string>} restarted ids of nodes
 * @property {string[]} missingTypes
 * @property {string[]} missingModules
 */

/**
 * What an update has come to, with numbers of nodes.
 *
 * @typedef {object} Result
 * @property {boolean} applied
 * @property {number} changed
 * @property {number} added
 * @property {number} removed
 * @property {number} restarted
 * @property {number} ms
 * @property {string[]} missingTypes it waits for these
 * @property {string[]} [missingModules]
 * @property {boolean} [superseded] a newer one was applied in its place
 * @property {boolean} [safeMode] Node-RED runs in safe mode, and it waits
 */

/**
 * What has come of a call to Node-RED. What is held waits for `awaited`, whether or not Node-RED
 * would miss the same types.
 *
 * @param {Call} call
 * @param {Configuration} before
 * @param {Configuration} wanted
 * @param {string[]} awaited
 * @returns {Outcome}
 */
function outcomeOf(call, before, wanted, awaited) {
  const missed = call.missingTypes.filter((type) => type !== HOLD_TYPE);
  return {
    isHeld: awaited.length > 0,
    restarted: call.difference ? restartedNodes(call.difference, before.nodes, wanted.nodes) : new Set(),
    missingTypes: [...new Set([...awaited, ...missed])],
    missingModules: call.missingModules
  };
}

/**
 * What an update comes to that changes nothing.
 *
 * @param {Partial<Result>} extra
 * @returns {Result}
 */
function nothing(extra) {
  return { applied: false, changed: 0, added: 0, removed: 0, restarted: 0, ms: 0, missingTypes: [], ...extra };
}

/**
 * What an update has come to.
 *
 * @param {Difference} difference of the configurations before and after it
 * @param {Iterable<string>} changed the ids of the nodes that are not as they were
 * @param {Outcome} outcome
 * @param {number} begun when it began, as `Date.now()`
 * @returns {Result}
 */
function applied(difference, changed, outcome, begun) {
  return {
    applied: true,
    changed: new Set(changed).size,
    added: difference.added.length,
    removed: difference.removed.length,
    restarted: outcome.restarted.size,
    ms: Date.now() - begun,
    missingTypes: outcome.missingTypes,
    ...(outcome.missingModules.length > 0 ? { missingModules: outcome.missingModules } : {})
  };
}

module.exports = { applied, nothing, outcomeOf };
