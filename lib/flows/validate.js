'use strict';

const { isObject } = require('../is-object');
const { flowParser, startsGroups } = require('../node-red');
const { endlessEntry } = require('./endless');
const { byKey, keyOf } = require('./key');
const { firstOddity, firstOrphan, isLink, isOddValue } = require('./oddity');

/** @import { FlowNode } from '../types/node-red' */

/**
 * @param {unknown} value
 * @returns {unknown[]}
 */
const listOf = (value) => (Array.isArray(value) ? value : []);
/** @param {unknown} name */
const isPrototype = (name) => keyOf(name) === '__proto__';

/**
 * What is wrong with something that is to be a node, or undefined.
 *
 * @param {unknown} entry
 */
function lackOf(entry) {
  if (!isObject(entry)) {
    return 'it is not an object';
  }
  return typeof entry.type === 'string' && entry.type !== '' ? undefined : "it has no 'type' that is a text";
}

/**
 * What of a node ends Node-RED, or spoils something for all flows, or has none of them started; or undefined.
 *
 * @param {FlowNode} node
 */
function faultOf(node) {
  // `flows.hasOwnProperty(id)`, where nothing catches.
  if (isOddValue(node.id) || keyOf(node.id) === 'hasOwnProperty') {
    return "its 'id' can't be used";
  }
  const spoiling = spoilingOf(node);
  if (spoiling) {
    return spoiling;
  }
  // The look for modules to be installed fails at it.
  if (node.type === 'function' && !node.d && listOf(node.libs).includes(null)) {
    return "its 'libs' hold null";
  }
  return undefined;
}

/**
 * What of a node spoils every object or array that there is, once Node-RED has read it: it writes to what it finds under this
 * name; or undefined.
 *
 * @param {FlowNode} node
 */
function spoilingOf(node) {
  if (isLink(node) && listOf(node.links).some(isPrototype)) {
    return "its 'links' lead to '__proto__'";
  }
  if (node.type === 'subflow' && [...listOf(node.in), ...listOf(node.out), node.status].some(hasPrototypePort)) {
    return "one of its ports is '__proto__'";
  }
  return undefined;
}

/**
 * Whether Node-RED must not even read an array of nodes.
 *
 * @param {unknown[]} flows
 */
function areSpoiling(flows) {
  return flows.some((entry) => isObject(entry) && spoilingOf(/** @type {FlowNode} */ (entry)) !== undefined);
}

/** @param {unknown} end of a subflow */
function hasPrototypePort(end) {
  return isObject(end) && listOf(end.wires).some((wire) => isObject(wire) && isPrototype(wire.port));
}

/**
 * Names a node, for people: with its type and where it is.
 *
 * @param {FlowNode} node
 * @param {FlowNode[]} flows
 */
function named(node, flows) {
  const places = byKey(flows.filter(({ type }) => type === 'tab' || type === 'subflow'));
  const place = places.get(keyOf(node.z));
  const label = place && (place.label || place.name);
  const where = place ? ` in ${place.type} '${typeof label === 'string' ? label : keyOf(place.id)}'` : '';
  return `node '${keyOf(node.id)}' (${node.type})${where}`;
}

/**
 * Node-RED's own word on flows that may be more than its reading of them can take, or undefined.
 *
 * @param {FlowNode[]} flows
 */
function readingFault(flows) {
  const odd = firstOddity(flows) || firstOrphan(flows);
  if (odd) {
    try {
      flowParser()?.(flows);
    } catch (error) {
      return `Node-RED can't read them (${error.message}); the first that is odd about them: ${named(odd, flows)}`;
    }
  }
  return undefined;
}

/**
 * Why a flow array can't be run: what would end Node-RED's process, keep it busy without end or
 * have it run nothing at all, and what it can't read; as a text, undefined when there is nothing.
 * Whatever else is strange about flows, Node-RED runs of them what it can.
 *
 * @param {FlowNode[]} flows of what is stored, nothing but that it is an array is sure
 */
function flowFault(flows) {
  for (const [index, entry] of flows.entries()) {
    const lack = lackOf(entry);
    if (lack) {
      return `entry ${index} is no node: ${lack}`;
    }
  }
  for (const node of flows) {
    const fault = faultOf(node);
    if (fault) {
      return `${named(node, flows)} can't be run: ${fault}`;
    }
  }
  const unreadable = readingFault(flows);
  if (unreadable) {
    return unreadable;
  }
  const endless = endlessEntry(flows, startsGroups());
  return (
    endless &&
    `${named(endless, flows)} can't be run: it is within itself, or in a group that is not there, and its start would never end`
  );
}

module.exports = { areSpoiling, flowFault };
