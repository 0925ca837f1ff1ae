'use strict';

const { keyOf } = require('../flows/key');
const { STRUCTURE } = require('../flows/structure');

/** @import { FlowDifference, FlowNode, FlowsEvent } from '../types/node-red' */

/**
 * The ids of the nodes that a deploy stopped and that the new flows still
 * have, read from the difference that Node-RED itself announces.
 *
 * @param {FlowsEvent} event
 * @param {Map<string, FlowNode>} before
 * @param {Map<string, FlowNode>} next
 */
function restartedNodes({ type, diff }, before, next) {
  /** @param {keyof FlowDifference} name */
  const list = (name) => (diff && diff[name]) || [];
  const full = type === 'full' || !diff;
  const stopped = new Set(list('changed'));
  if (type === 'flows') {
    list('linked')
      .concat(list('rewired'))
      .forEach((id) => stopped.add(id));
  }
  const flows = new Set(list('flowChanged').concat(list('added'), list('removed')));
  /** @type {Set<string>} */
  const restarted = new Set();
  for (const [id, node] of next) {
    const old = before.get(id);
    const runs = old && !STRUCTURE.has(node.type) && !isInTemplate(node, next) && isEnabled(old, before);
    if (runs && isEnabled(node, next) && (full || stopped.has(id) || isOn(node, flows))) {
      restarted.add(id);
    }
  }
  return restarted;
}

/**
 * The tab or subflow that a node is on.
 *
 * @param {FlowNode} node
 * @param {Map<string, FlowNode>} nodes
 */
function containerOf({ z }, nodes) {
  return nodes.get(keyOf(z));
}

/**
 * @param {FlowNode} node
 * @param {Set<string>} containers ids
 */
function isOn({ z }, containers) {
  return containers.has(keyOf(z));
}

/**
 * @param {FlowNode} node
 * @param {Map<string, FlowNode>} nodes
 */
function isInTemplate(node, nodes) {
  return containerOf(node, nodes)?.type === 'subflow';
}

/**
 * @param {FlowNode} node
 * @param {Map<string, FlowNode>} nodes
 */
function isEnabled(node, nodes) {
  return node.d !== true && !containerOf(node, nodes)?.disabled;
}

module.exports = { restartedNodes };
