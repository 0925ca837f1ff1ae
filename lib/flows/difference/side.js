'use strict';

/** @import { FlowNode, ParsedFlows } from '../../types/node-red' */

/** @typedef {Record<string, FlowNode>} NodesById */

/**
 * Nodes as Node-RED has read them: by id, and in the order in which it goes through them.
 *
 * @typedef {{ nodes: NodesById, ids: string[], list: FlowNode[] }} Side
 */

/**
 * Flows as they are compared: `flows` and `subflows` by id, of the first nothing but `disabled` counts.
 *
 * @typedef {{ flows: Record<string, { disabled?: unknown }>, subflows: Record<string, object>, side: Side }} Compared
 */

/**
 * What has been found so far, by id. Plain objects, as Node-RED has them: an id such as `toString` is
 * found in each, and keys that are numbers come first. `isOddlyWired`: see `links.js`;
 * `isGlobal`: the settings of all flows have changed; `kept`: so many of the nodes were there before, `hasGroup`: one of them is
 * a group.
 *
 * @typedef {Record<'added' | 'removed' | 'changed' | 'rewired' | 'subflows' | 'flowChanged', Record<string, any>> &
 *   { isOddlyWired: boolean, isGlobal: boolean, kept: number, hasGroup: boolean }} Marks
 */

/**
 * What is new in one look is what was there before in the next.
 *
 * @type {WeakMap<object, Side>}
 */
const known = new WeakMap();

/** So far it is looked ahead for where two orders are one again. */
const AHEAD = 8;

/**
 * @param {ParsedFlows['allNodes']} all
 * @returns {Side}
 */
function sideOf(all) {
  let side = known.get(all);
  if (!side) {
    const nodes = /** @type {NodesById} */ (all);
    const ids = Object.keys(nodes);
    side = { nodes, ids, list: ids.map((id) => nodes[id]) };
    known.set(all, side);
  }
  return side;
}

/**
 * Gives nodes by id: without a look in all of them, as long as they are asked for in their order.
 *
 * @param {Side} side
 * @returns {(id: string) => FlowNode | undefined}
 */
function inOrder({ nodes, ids, list }) {
  let next = 0;
  return (id) => {
    const end = Math.min(next + AHEAD, ids.length);
    for (let index = next; index < end; index += 1) {
      if (ids[index] === id) {
        next = index + 1;
        return list[index];
      }
    }
    return Object.hasOwn(nodes, id) ? nodes[id] : undefined;
  };
}

module.exports = { AHEAD, inOrder, sideOf };
