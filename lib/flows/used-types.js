'use strict';

/** @import { FlowNode, Nodes, NodeType } from '../types/node-red' */

/**
 * The types that flows use, those inside the subflows that packages bring included.
 *
 * @param {FlowNode[][]} flows the flow arrays that count
 * @param {Nodes['getType']} getType Node-RED's
 */
function usedTypes(flows, getType) {
  /** @type {Set<string>} */
  const used = new Set();
  const open = flows.flat();
  while (open.length > 0) {
    const { type } = /** @type {FlowNode} */ (open.pop());
    if (typeof type !== 'string' || used.has(type)) {
      continue;
    }
    used.add(type);
    open.push(...subflowNodes(getType(type)));
  }
  return used;
}

/**
 * @param {NodeType | null | undefined} constructor
 * @returns {FlowNode[]}
 */
function subflowNodes(constructor) {
  const subflow = constructor && typeof constructor === 'object' && constructor.subflow;
  return subflow && Array.isArray(subflow.flow) ? subflow.flow : [];
}

/**
 * The packages that Function nodes of the flows name in their set-up.
 *
 * @param {FlowNode[][]} flows
 */
function usedLibraries(flows) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const { libs } of flows.flat()) {
    for (const library of Array.isArray(libs) ? libs : []) {
      const match = /^(@[^/]+\/[^/@]+|[^/@]+)/.exec(String((library && library.module) || ''));
      if (match) {
        names.add(match[1]);
      }
    }
  }
  return names;
}

module.exports = { subflowNodes, usedLibraries, usedTypes };
