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
  const subflows = new Set(flows.filter((node) => node.type === 'subflow').map((node) => keyOf(node.id)));
  const types = new Set(flows.map((node) => node.type).filter((type) => !STRUCTURE.has(type)));
  return [...types].filter((type) => {
    const instance = SUBFLOW.exec(type);
    return instance ? !subflows.has(instance[1]) : !getType(type);
  });
}

module.exports = { missingTypes };
