'use strict';

/** What an update comes to that changes nothing. */
function nothing(extra) {
  return { applied: false, changed: 0, added: 0, removed: 0, restarted: 0, ms: 0, missingTypes: [], ...extra };
}

/**
 * What an update has come to.
 *
 * @param {object} difference of the configurations before and after it
 * @param {Iterable<string>} changed the ids of the nodes that are not as they were
 * @param {object} outcome what came of handing it to Node-RED, `restarted` as a set
 * @param {number} begun when it began, as `Date.now()`
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

module.exports = { applied, nothing };
