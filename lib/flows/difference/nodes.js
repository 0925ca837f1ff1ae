'use strict';

const { differs } = require('./differs');
const { markInside } = require('./inside');
const { isOddlyWired } = require('./links');
const { inOrder } = require('./side');
const { inSteps } = require('./steps');

/**
 * @import { FlowNode } from '../../types/node-red'
 * @import { Release } from './differs'
 * @import { Places } from './same'
 * @import { Compared, Marks, NodesById, Side } from './side'
 * @import { Steps } from './steps'
 */

/**
 * Marks what a node is in as changed; true when that is a subflow.
 *
 * @param {unknown} z
 * @param {NodesById} nodes
 * @param {Marks} marks
 */
function markContainer(z, nodes, { changed, subflows }) {
  const id = /** @type {string} */ (z);
  const container = nodes[id];
  if (!container) {
    return false;
  }
  changed[id] = container;
  if (changed[id].type === 'subflow') {
    subflows[id] = changed[id];
    return true;
  }
  return false;
}

/**
 * Tabs that have gone, and those that are disabled or no longer are.
 *
 * @param {Compared['flows']} before
 * @param {Compared['flows']} next
 * @param {NodesById} nodes those before
 * @param {Marks} marks
 */
function markTabs(before, next, nodes, { added, removed }) {
  const ids = Object.keys(before);
  for (const id of ids) {
    if (!Object.hasOwn(next, id)) {
      removed[id] = nodes[id];
    }
  }
  for (const id of ids) {
    if (Object.hasOwn(next, id)) {
      const was = before[id].disabled || false;
      if (was !== (next[id].disabled || false)) {
        (was ? added : removed)[id] = nodes[id];
      }
    }
  }
}

/** Ids by which nodes without a place are found. */
const NO_PLACE = new Set([undefined, null, false, 0, NaN, ''].map(String));

/**
 * Whether what is on one goes by what becomes of it.
 *
 * @param {string} id
 * @param {Array<FlowNode | undefined>} versions of it
 */
function isPlace(id, versions) {
  return NO_PLACE.has(id) || versions.some((node) => node?.type === 'tab' || node?.type === 'subflow');
}

/**
 * A node that is on a tab or subflow that was there before, in flows that have it still.
 *
 * @param {string} id
 * @param {FlowNode} old
 * @param {FlowNode} next
 * @param {NodesById} nodes the next ones
 * @param {Marks} marks
 * @param {Release} release
 * @returns {boolean} whether it is the settings of all flows that have changed
 */
function markKept(id, old, next, nodes, marks, release) {
  const { removed, changed, rewired, subflows } = marks;
  let isGlobal = false;
  if (!old.d && next.d) {
    removed[id] = old;
  }
  if (differs(old, next, release) || next.credentials) {
    changed[id] = next;
    if (next.type === 'subflow') {
      subflows[id] = next;
    }
    if (markContainer(next.z, nodes, marks)) {
      delete changed[id];
    }
    isGlobal = next.type === 'global-config';
  }
  if (old.wires !== next.wires && !release.compareObjects(old.wires, next.wires)) {
    rewired[id] = next;
    if (markContainer(next.z, nodes, marks)) {
      delete rewired[id];
    }
  }
  return isGlobal;
}

/**
 * Looks at what has become of all that there was, step by step.
 *
 * @param {Side} before
 * @param {Side} next
 * @param {Marks} marks
 * @param {Release & { same?: Places }} release
 * @returns {Steps<void>}
 */
function* markOld(before, next, marks, { same, ...release }) {
  const { added, removed, flowChanged } = marks;
  const { nodes } = next;
  const nextOf = inOrder(next);
  // Where a tab or subflow is gone, or comes to run, so is what is on it.
  let isPlaceMarked = [added, removed].some((marked) => Object.keys(marked).length > 0);

  /** @param {number} index */
  function mark(index) {
    if (same && same[index] >= 0 && !isPlaceMarked) {
      marks.kept += 1;
      return;
    }
    look(index);
    const id = before.ids[index];
    isPlaceMarked ||= Boolean(removed[id] || added[id]) && isPlace(id, [before.list[index], nodes[id]]);
  }

  /** @param {number} index */
  function look(index) {
    const [id, node] = [before.ids[index], before.list[index]];
    const z = /** @type {string} */ (node.z);
    const wanted = nextOf(id);
    if (wanted) {
      marks.kept += 1;
      marks.hasGroup ||= wanted.type === 'group';
    }
    marks.isOddlyWired ||= isOddlyWired(node) || (wanted !== undefined && isOddlyWired(wanted));
    if (node.type === 'tab') {
      if (release.knowsScopes && !removed[id] && JSON.stringify(node.env) !== JSON.stringify(nodes[id].env)) {
        flowChanged[id] = nodes[id];
      }
      return;
    }
    if (removed[z] || !wanted) {
      removed[id] = node;
      if (!removed[z]) {
        markContainer(z, nodes, marks);
      }
    } else if (added[z]) {
      added[id] = node;
    } else if (markKept(id, node, wanted, nodes, marks, release)) {
      marks.isGlobal = true;
    }
  }

  yield* inSteps(before.ids.length, mark);
}

/**
 * Looks at what was not there before, and at what is in a group that has changed, step by step. Groups in others are added to
 * `nested`.
 *
 * @param {Side} before
 * @param {Side} next
 * @param {Marks} marks
 * @param {Release & { nested: FlowNode[] }} release
 * @returns {Steps<void>}
 */
function* markNew(before, { nodes, ids, list }, marks, { knowsScopes, nested }) {
  const { added, changed } = marks;
  const oldOf = inOrder(before);

  /** @param {number} index */
  function mark(index) {
    const [id, node] = [ids[index], list[index]];
    marks.isOddlyWired ||= isOddlyWired(node);
    if (knowsScopes && node.type === 'group') {
      if (node.g) {
        nested.push(node);
      }
      if (changed[/** @type {string} */ (node.id)]) {
        markInside(node, changed);
      }
    }
    if (!oldOf(id)) {
      added[id] = node;
      if (markContainer(node.z, nodes, marks)) {
        delete added[id];
      }
    }
  }

  if (marks.hasGroup || marks.kept !== ids.length) {
    yield* inSteps(ids.length, mark);
  }
}

module.exports = { markNew, markOld, markTabs };
