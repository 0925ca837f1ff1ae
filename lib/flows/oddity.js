'use strict';

const { NAMES_OF_EVERY_OBJECT, byKey, keyOf } = require('./key');

/** @import { FlowNode } from '../types/node-red' */

/** An instance of a subflow, and which. */
const INSTANCE = /^subflow:(.+)$/;
/** Deeper than anything that people make. Node-RED calls itself for each level, and runs out of stack some day. */
const DEEP = 500;

/**
 * A deploy is asked about more than once.
 *
 * @type {WeakMap<FlowNode[], FlowNode | undefined>}
 */
const known = new WeakMap();
/**
 * Nodes of an update that it leaves as they are come again with the next one, as the same objects.
 *
 * @type {WeakSet<FlowNode>}
 */
const plain = new WeakSet();
/** @type {WeakMap<FlowNode[], boolean>} */
const ordinary = new WeakMap();

/**
 * Whether Node-RED's copy of a value may be another, have no text form or be too deep to be made.
 * Of a flow everything is looked at, so this makes no list of anything.
 *
 * @param {unknown} value
 * @returns {boolean}
 */
function isOddValue(value, depth = 0) {
  if (value === null || typeof value !== 'object') {
    return false;
  }
  if (depth > DEEP || Object.hasOwn(value, '__proto__') || Object.hasOwn(value, 'toString')) {
    return true;
  }
  for (const name in value) {
    const held = /** @type {Record<string, unknown>} */ (value)[name];
    if (typeof held === 'object' && isOddValue(held, depth + 1)) {
      return true;
    }
  }
  return false;
}

/** @param {unknown} place */
function isOddPlace(place) {
  return typeof place === 'object' ? place !== null : NAMES_OF_EVERY_OBJECT.has(keyOf(place));
}

/** @param {FlowNode} node */
function isOdd(node) {
  if (plain.has(node)) {
    return false;
  }
  const odd = hasOddity(node);
  if (!odd) {
    plain.add(node);
  }
  return odd;
}

/** @param {FlowNode} node */
function hasOddity(node) {
  const instance = INSTANCE.exec(node.type);
  return (
    isOddValue(node) ||
    Object.hasOwn(node, 'hasOwnProperty') ||
    NAMES_OF_EVERY_OBJECT.has(instance ? instance[1] : node.type) ||
    [node.id, node.z, node.g].some(isOddPlace) ||
    Boolean(node.links && !Array.isArray(node.links) && /^link (in|out)$/.test(node.type))
  );
}

/**
 * The first node that may be more than Node-RED's reading of these flows can take, or than its look
 * for what differs in others; undefined when there is none.
 *
 * @param {FlowNode[]} flows
 */
function firstOddity(flows) {
  if (!known.has(flows)) {
    known.set(flows, flows.find(isOdd));
  }
  return known.get(flows);
}

/**
 * The first instance of a subflow that is not there: Node-RED 3.0 can't read it.
 *
 * @param {FlowNode[]} flows
 */
function firstOrphan(flows) {
  const subflows = new Set(flows.filter(({ type }) => type === 'subflow').map(({ id }) => keyOf(id)));
  return flows.find(({ type }) => {
    const instance = INSTANCE.exec(type);
    return instance && !subflows.has(instance[1]);
  });
}

/**
 * Whether Node-RED is sure to find what differs between these flows and others, node by node.
 *
 * @param {FlowNode[]} flows
 */
function isOrdinary(flows) {
  let found = ordinary.get(flows);
  if (found === undefined) {
    found = areOrdinary(flows);
    ordinary.set(flows, found);
  }
  return found;
}

/** @param {FlowNode[]} flows */
function areOrdinary(flows) {
  const places = byKey(flows.filter(({ type }) => type === 'tab' || type === 'subflow'));
  // On a tab that is not there, configuration nodes are global, and stay so when it comes.
  const isPlaced = (/** @type {FlowNode} */ { z }) => !z || places.has(keyOf(z));
  return byKey(flows).size === flows.length && flows.every(isPlaced) && firstOddity(flows) === undefined;
}

module.exports = { INSTANCE, firstOddity, firstOrphan, isOddValue, isOrdinary };
