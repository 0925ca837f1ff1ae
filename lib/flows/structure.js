'use strict';

/** @import { FlowNode } from '../types/node-red' */

/** Types of what holds nodes and does not run itself. */
const STRUCTURE = new Set(['tab', 'subflow', 'group']);

/**
 * Whether it is one of those, or a node that has a place on them. Any other is a configuration node.
 *
 * @param {FlowNode} node
 */
function isInEditor(node) {
  return STRUCTURE.has(node.type) || (Object.hasOwn(node, 'x') && Object.hasOwn(node, 'y'));
}

module.exports = { STRUCTURE, isInEditor };
