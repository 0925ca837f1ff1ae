'use strict';

const { AHEAD } = require('./side');

/**
 * @import { FlowRun } from '../../../binding'
 * @import { FlowNode } from '../../types/node-red'
 */

/**
 * By the places of nodes before: the places that the very same ones have next; -1 where it is not known that they are, or where
 * that is not all that counts of them.
 *
 * @typedef {Int32Array} Places
 */

/** What has a text, besides numbers, lists and objects; `null` is one of those. */
const JSON_TYPES = new Set(['string', 'boolean', 'object']);

/**
 * Whether nothing else counts of a node that is the same. Groups are looked at for what is in them, and credentials are in no
 * text.
 *
 * @param {FlowNode} node
 */
const standsAlone = (node) => node.type !== 'group' && node.credentials === undefined;

/**
 * Whether a value is what its JSON text says, and nothing in it has none or another.
 *
 * @param {unknown} value
 * @returns {boolean}
 */
function isAsWritten(value) {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'number' ? Number.isFinite(value) : JSON_TYPES.has(typeof value);
  }
  if (Array.isArray(value)) {
    return value.every(isAsWritten);
  }
  if (Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value) {
    return false;
  }
  for (const name in value) {
    if (!isAsWritten(/** @type {Record<string, unknown>} */ (value)[name])) {
      return false;
    }
  }
  return true;
}

/**
 * Those that are the same objects.
 *
 * @param {FlowNode[]} before
 * @param {FlowNode[]} next
 * @returns {Places}
 */
function sameObjects(before, next) {
  let place = 0;
  return Int32Array.from(before, (node) => {
    const end = Math.min(place + AHEAD, next.length);
    for (let at = place; at < end; at += 1) {
      if (next[at] === node) {
        place = at + 1;
        return standsAlone(node) ? at : -1;
      }
    }
    return -1;
  });
}

/**
 * Those that have the same text, as the core has found; undefined where it has looked at other flows.
 *
 * @param {FlowRun[]} runs
 * @param {Uint8Array} before by the places of nodes, 1 where the text is all that counts
 * @param {Uint8Array} after the same of those that there are next
 * @returns {Places | undefined}
 */
function sameTexts(runs, before, after) {
  const places = new Int32Array(before.length).fill(-1);
  let next = 0;
  for (const { start, kept, taken } of runs) {
    if (start + kept > before.length) {
      return undefined;
    }
    for (let place = start; place < start + kept; place += 1) {
      places[place] = before[place] && after[next] ? next : -1;
      next += 1;
    }
    next += taken;
  }
  return next === after.length ? places : undefined;
}

module.exports = { isAsWritten, sameObjects, sameTexts, standsAlone };
