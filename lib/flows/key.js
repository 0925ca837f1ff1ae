'use strict';

// Node-RED keeps nodes by their id in plain objects, so an id counts as the text that JavaScript
// makes of it as the name of a property: 7 and '7' are one, and a missing one is 'undefined'.

/** @import { FlowNode } from '../types/node-red' */

/** What every object has: looked up as an id, it is found although there is no such node. */
const NAMES_OF_EVERY_OBJECT = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * The name under which Node-RED keeps what has this id.
 *
 * @param {unknown} id
 */
function keyOf(id) {
  try {
    return typeof id === 'string' ? id : String(id);
  } catch {
    // Its own `toString` is none; where Node-RED takes it at all, its copy lacks that.
    return String({});
  }
}

/**
 * The nodes of a flow array by that name; of two with one name the last counts, as in Node-RED.
 *
 * @param {FlowNode[]} flows
 */
function byKey(flows) {
  return new Map(flows.map((node) => [keyOf(node.id), node]));
}

module.exports = { NAMES_OF_EVERY_OBJECT, byKey, keyOf };
