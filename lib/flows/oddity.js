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
  if (depth > DEEP) {
    return true;
  }
  if (Array.isArray(value)) {
    for (const held of value) {
      if (typeof held === 'object' && isOddValue(held, depth + 1)) {
        return true;
      }
    }
    return false;
  }
  for (const name in value) {
    const held = /** @type {Record<string, unknown>} */ (value)[name];
    if (name === '__proto__' || name === 'toString' || (typeof held === 'object' && isOddValue(held, depth + 1))) {
      return true;
    }
  }
  return false;
}

/**
 * The subflow that a node of this type is an instance of, if it is.
 *
 * @param {string} type
 */
function instanceOf(type) {
  // Asked of every node, and true of few.
  return type.startsWith('subflow:') ? INSTANCE.exec(type)?.[1] : undefined;
}

/**
 * A node that is linked with others: a link call is not.
 *
 * @param {FlowNode} node
 */
function isLink({ type }) {
  return type === 'link in' || type === 'link out';
}

/** @param {unknown} place */
function isOddPlace(place) {
  return typeof place === 'object' ? place !== null : NAMES_OF_EVERY_OBJECT.has(keyOf(place));
}

/** @param {FlowNode} node */
function isOdd(node) {
  return (
    isOddValue(node) ||
    Object.hasOwn(node, 'hasOwnProperty') ||
    NAMES_OF_EVERY_OBJECT.has(instanceOf(node.type) ?? node.type) ||
    isOddPlace(node.id) ||
    isOddPlace(node.z) ||
    isOddPlace(node.g) ||
    Boolean(isLink(node) && node.links && !Array.isArray(node.links))
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
    const instance = instanceOf(type);
    return instance !== undefined && !subflows.has(instance);
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

module.exports = { INSTANCE, firstOddity, firstOrphan, isLink, isOddValue, isOrdinary };
