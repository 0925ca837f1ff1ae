'use strict';

/**
 * The types that flows use, those inside the subflows that packages bring included.
 *
 * @param {Array<Array<object>>} flows the flow arrays that count
 * @param {(type: string) => any} getType Node-RED's; an object stands for a package's subflow
 */
function usedTypes(flows, getType) {
  const used = new Set();
  const open = flows.flat();
  while (open.length > 0) {
    const { type } = open.pop();
    if (typeof type !== 'string' || used.has(type)) {
      continue;
    }
    used.add(type);
    open.push(...subflowNodes(getType(type)));
  }
  return used;
}

function subflowNodes(constructor) {
  const subflow = constructor && typeof constructor === 'object' && constructor.subflow;
  return subflow && Array.isArray(subflow.flow) ? subflow.flow : [];
}

/** The packages that Function nodes of the flows name in their set-up. */
function usedLibraries(flows) {
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
