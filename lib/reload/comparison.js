'use strict';

const { isDeepStrictEqual } = require('node:util');

const { byKey } = require('../flows/key');
const { isObject } = require('../is-object');

/** @import { Credentials, FlowNode, NodeCredentials } from '../types/node-red' */

/**
 * What a worker is to run, with plain credentials.
 *
 * @typedef {{ flows: FlowNode[], credentials?: Credentials, revision?: string }} Update
 */

/**
 * Flows and plain credentials in the form in which they are compared: the flows also by id, the credentials of
 * nothing but these flows. A node that is the same object in two of them has not changed.
 *
 * @typedef {object} Configuration
 * @property {FlowNode[]} flows
 * @property {Map<string, FlowNode>} nodes
 * @property {Map<string, NodeCredentials>} credentials
 */

/**
 * The ids of nodes in which two configurations differ; `environments`: of those whose `env` has changed;
 * `credentials`: of those whose credentials have.
 *
 * @typedef {Record<'added' | 'changed' | 'removed' | 'environments' | 'credentials', string[]>} Difference
 */

/**
 * The credentials that belong to a node of these flows. Node-RED drops the
 * others from its cache, so to compare with them would take a node that comes
 * back for one whose credentials are already there.
 *
 * @param {Credentials} credentials
 * @param {Map<string, FlowNode>} nodes
 */
function credentialsInUse(credentials, nodes) {
  const used = Object.entries(credentials).filter(([id, value]) => nodes.has(id) && value);
  return new Map(used);
}

/**
 * Flows and plain credentials in the form in which they are compared.
 *
 * @param {Update} update
 * @returns {Configuration}
 */
function configuration({ flows, credentials }) {
  const nodes = byKey(flows);
  return { flows, nodes, credentials: credentialsInUse(credentials || {}, nodes) };
}

/**
 * Whether two objects differ in a property that is a text in both: where everything has changed, that is seen at once.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
function differInText(one, other) {
  if (!isObject(one) || !isObject(other)) {
    return false;
  }
  for (const name in one) {
    const [value, wanted] = [one[name], other[name]];
    if (value !== wanted && typeof value === 'string' && typeof wanted === 'string') {
      return true;
    }
  }
  return false;
}

/**
 * Node-RED compares an env by its text as well, and for thousands of nodes this is ten times
 * faster than to walk them.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
function isSameText(one, other) {
  return one === other || (!differInText(one, other) && JSON.stringify(one) === JSON.stringify(other));
}

/**
 * Whether two flow arrays have the same text.
 *
 * @param {FlowNode[]} some
 * @param {FlowNode[]} others
 */
function areSameFlows(some, others) {
  return some.length === others.length && some.every((node, index) => isSameText(node, others[index]));
}

/**
 * How the next flows and plain credentials differ from those handed to Node-RED before.
 *
 * @param {Configuration} before
 * @param {Configuration} next
 * @returns {Difference}
 */
function compare(before, next) {
  /** @type {Difference} */
  const difference = { added: [], changed: [], removed: [], environments: [], credentials: [] };
  for (const [id, node] of next.nodes) {
    const old = before.nodes.get(id);
    if (!old) {
      difference.added.push(id);
    } else if (!isSameText(old, node)) {
      difference.changed.push(id);
      if (!isSameText(old.env, node.env)) {
        difference.environments.push(id);
      }
    }
  }
  if (before.nodes.size + difference.added.length !== next.nodes.size) {
    difference.removed = [...before.nodes.keys()].filter((id) => !next.nodes.has(id));
  }
  // Most nodes have none.
  for (const id of new Set([...before.credentials.keys(), ...next.credentials.keys()])) {
    if (next.nodes.has(id) && !isDeepStrictEqual(before.credentials.get(id), next.credentials.get(id))) {
      difference.credentials.push(id);
    }
  }
  return difference;
}

module.exports = { areSameFlows, compare, configuration, isSameText };
