'use strict';

const { differInPlacementAlone } = require('../placement/value');

/**
 * @import { ReloadMode } from '../../binding'
 * @import { DeployType, FlowNode } from '../types/node-red'
 * @import { Difference } from './comparison'
 */

/**
 * Node-RED below 3.1 does not restart a tab or a group whose env alone has changed.
 *
 * @param {string} version
 */
function restartsEnvironments(version) {
  const [major, minor] = String(version || '')
    .split('.')
    .map(Number);
  return !(major < 3 || (major === 3 && minor < 1));
}

/** @param {FlowNode | undefined} node */
function hasGlobals(node) {
  return node?.type === 'global-config' && Array.isArray(node.env) && node.env.length > 0;
}

/** @param {FlowNode | undefined} node */
function isScope(node) {
  return node?.type === 'tab' || node?.type === 'group';
}

/**
 * The deploy type to ask for: that of the settings, or 'full' where a part would leave old values running.
 *
 * @param {{ mode: ReloadMode, isRunning: boolean, isScopeAware: boolean, isComparable: boolean, isHeld: boolean }} situation
 *   `isComparable`: see `comparable.js`; `isHeld`: what has changed is stopped and does not start yet
 * @param {Difference} difference
 * @param {Map<string, FlowNode>} before
 * @param {Map<string, FlowNode>} wanted
 * @returns {DeployType}
 */
function deployType({ mode, isRunning, isScopeAware, isComparable, isHeld }, difference, before, wanted) {
  // Node-RED 3.0 cannot deploy a part of flows that have never run.
  if (!isRunning || !isComparable) {
    return 'full';
  }
  // Node-RED sees a changed set of global variables, not the first nor the last.
  if (
    difference.added.some((id) => hasGlobals(wanted.get(id))) ||
    difference.removed.some((id) => hasGlobals(before.get(id)))
  ) {
    return 'full';
  }
  if (!isScopeAware) {
    const environments = difference.environments.filter(
      // A tab that starts or stops for it does so anyway.
      (id) => !differInPlacementAlone(before.get(id)?.env, wanted.get(id)?.env)
    );
    const ids = environments.concat(difference.credentials);
    if (ids.some((id) => isScope(wanted.get(id)) && before.has(id))) {
      return 'full';
    }
  }
  // Half a route would keep requests and messages that the other half never answers: what is wired to a node that
  // stands still stops as well, so that HTTP answers 404.
  return isHeld && mode === 'nodes' ? 'flows' : mode;
}

module.exports = { deployType, restartsEnvironments };
