'use strict';

const { subflowNodes } = require('../flows/used-types');

/**
 * The types whose code has been replaced while nodes of them run: each such node is to be
 * restarted by the next deploy that starts nodes.
 */
function createOutdated({ getType }) {
  const types = new Set();

  function add(names) {
    names.forEach((type) => types.add(type));
  }

  /** The ids of the nodes that run replaced code, also through a subflow that a package brings. */
  function nodesOf(flows) {
    const nodes = types.size === 0 ? [] : flows.filter(({ type }) => isOutdated(type));
    return new Set(nodes.map(({ id }) => id));
  }

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
