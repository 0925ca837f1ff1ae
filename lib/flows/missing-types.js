'use strict';

const { keyOf } = require('./key');
const { STRUCTURE } = require('./structure');

/** @import { FlowNode, Nodes } from '../types/node-red' */

const SUBFLOW = /^subflow:(.+)$/;

/**
 * The types that flows use and Node-RED does not have, by its own rule.
 *
 * @param {FlowNode[]} flows
 * @param {Nodes['getType']} getType
 */
function missingTypes(flows, getType) {
  /** @type {Set<string>} */
  const types = new Set();
  /** @type {Set<string>} */
  const subflows = new Set();
  for (const { type, id } of flows) {
    types.add(type);
    if (type === 'subflow') {
      subflows.add(keyOf(id));
    }
  }
  return [...types].filter((type) => {
    if (STRUCTURE.has(type)) {
      return false;
    }
    const instance = SUBFLOW.exec(type);
    return instance ? !subflows.has(instance[1]) : !getType(type);
  });
}

module.exports = { missingTypes };
