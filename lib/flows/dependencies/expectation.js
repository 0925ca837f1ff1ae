'use strict';

/** @import { DependencyCheck, TypeRegistration } from '../../types/node-red' */

/** What Node-RED's look for modules does with the flows and with one node of them, in every release so far. */
const KNOWN_USES = new RegExp(
  [
    String.raw`checkFlowDependencies\(flowConfig\)`,
    String.raw`nodes = clone\(flowConfig\)`,
    String.raw`nodes\.length`,
    String.raw`n = nodes\.shift\(\)`,
    String.raw`nodes = nodes\.concat\(subflowTypes\[n\.type\]\.flow\)`,
    String.raw`n\[registeredTypes\[n\.type\]\]`,
    String.raw`(?:subflowTypes|checkedSubflows|registeredTypes)\[n\.type\]`,
    String.raw`\bn\.d\b`
  ].join('|'),
  'g'
);
const COMMENTS = /\/\/.*|\/\*[\s\S]*?\*\//g;

/** @param {Function} look */
function looksAtTypesAlone(look) {
  const rest = String(look).replace(COMMENTS, '').replace(KNOWN_USES, '');
  return !/\b(?:n|nodes|flowConfig)\b/.test(rest);
}

/**
 * Of what this module relies on to hand Node-RED's look for modules fewer nodes: what is not so in
 * the Node-RED that is running; undefined when everything is.
 *
 * @param {object} parts
 * @param {Partial<DependencyCheck>} parts.registry what the runtime calls
 * @param {Partial<DependencyCheck & TypeRegistration>} parts.externalModules where the look, and the lists that it
 *   goes by, are
 * @param {{ registerNodeConstructor?: unknown, registerSubflow?: unknown }} parts.types where types come in
 */
function deviation({ registry, externalModules, types }) {
  const { checkFlowDependencies, register, registerSubflow } = externalModules;
  if (typeof checkFlowDependencies !== 'function' || checkFlowDependencies.length !== 1) {
    return 'checkFlowDependencies is not the function that was known';
  }
  if (registry.checkFlowDependencies !== checkFlowDependencies) {
    return 'checkFlowDependencies has been replaced';
  }
  if (!looksAtTypesAlone(checkFlowDependencies)) {
    return 'checkFlowDependencies looks at more than the types of nodes';
  }
  if (typeof register !== 'function' || register.length !== 2) {
    return 'register is not the function that was known';
  }
  if (typeof registerSubflow !== 'function' || registerSubflow.length !== 2) {
    return 'registerSubflow is not the function that was known';
  }
  if (!String(types.registerNodeConstructor).includes('externalModules.register(')) {
    return 'register is not called as it was';
  }
  if (!String(types.registerSubflow).includes('externalModules.registerSubflow(')) {
    return 'registerSubflow is not called as it was';
  }
  return undefined;
}

module.exports = { deviation };
