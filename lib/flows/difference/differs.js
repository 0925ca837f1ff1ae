'use strict';

/** @import { FlowNode } from '../../types/node-red' */

/**
 * How releases differ: `knowsScopes` is true of those that look at the `env` of tabs, at what is in a
 * group that has changed, and not at how a group looks: since 3.1.
 *
 * @typedef {{ compareObjects: (one: unknown, other: unknown) => boolean, knowsScopes: boolean }} Release
 */

const PLACE = new Set(['x', 'y', 'wires']);
const LOOK_OF_GROUP = new Set([...PLACE, 'nodes', 'style', 'w', 'h']);

/**
 * What of a node does not have it started anew.
 *
 * @param {FlowNode} node
 * @param {Release} release
 */
function ignoredOf({ type }, { knowsScopes }) {
  return knowsScopes && type === 'group' ? LOOK_OF_GROUP : PLACE;
}

/**
 * How many of a node's properties have it started anew.
 *
 * @param {FlowNode} node
 * @param {Release} release
 */
function sizeOf(node, release) {
  const ignored = ignoredOf(node, release);
  return Object.keys(node).filter((name) => !ignored.has(name)).length;
}

/**
 * Whether a node is to be started anew, wherever it is and whatever it is wired to.
 *
 * @param {FlowNode} old
 * @param {FlowNode} next
 * @param {Release} release
 */
function differs(old, next, release) {
  const ignored = ignoredOf(next, release);
  let [surplus, isSure] = [0, true];
  for (const name in next) {
    const [was, is] = [old[name], next[name]];
    surplus += 1;
    isSure &&= was !== undefined && is !== undefined;
    if (was !== is && !ignored.has(name) && !release.compareObjects(was, is)) {
      return true;
    }
  }
  for (const _name in old) {
    surplus -= 1;
  }
  // With as many properties, all of which the old one has, it has the same.
  return (surplus !== 0 || !isSure) && sizeOf(old, release) !== sizeOf(next, release);
}

module.exports = { differs };
