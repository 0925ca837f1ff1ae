'use strict';

const { keyOf } = require('../flows/key');
const { subflowNodes } = require('../flows/used-types');

/** @import { FlowNode, Nodes } from '../types/node-red' */

/** @typedef {ReturnType<typeof createOutdated>} Outdated */

/**
 * The types whose code has been replaced while nodes of them run: each such node is to be
 * restarted by the next deploy that starts nodes.
 *
 * @param {{ getType: Nodes['getType'] }} params
 */
function createOutdated({ getType }) {
  /** @type {Set<string>} */
  const types = new Set();

  /** @param {string[]} names */
  function add(names) {
    names.forEach((type) => types.add(type));
  }

  /**
   * The ids of the nodes that run replaced code, also through a subflow that a package brings.
   *
   * @param {FlowNode[]} flows
   */
  function nodesOf(flows) {
    const nodes = types.size === 0 ? [] : flows.filter(({ type }) => isOutdated(type));
    return new Set(nodes.map(({ id }) => keyOf(id)));
  }

  /**
   * @param {string} type
   * @param {Set<string>} [seen]
   * @returns {boolean}
   */
  function isOutdated(type, seen = new Set()) {
    if (types.has(type)) {
      return true;
    }
    if (seen.has(type)) {
      return false;
    }
    seen.add(type);
    return subflowNodes(getType(type)).some((node) => isOutdated(node.type, seen));
  }

  return { add, nodesOf, clear: () => types.clear() };
}

module.exports = { createOutdated };
