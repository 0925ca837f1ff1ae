'use strict';

const { isContainer } = require('./values');

/** @import { Parts } from './store' */

/**
 * Whether a part of a key is one that JSON has: `a[msg.b]` may come to anything.
 *
 * @param {unknown} step
 */
function isStep(step) {
  return typeof step === 'number'
    ? Number.isSafeInteger(step) && step >= 0
    : typeof step === 'string' && step !== '__proto__';
}

/**
 * Whether what is set by a path can't be told as such, since JSON would not have it there.
 *
 * @param {unknown} top
 * @param {Parts} path
 */
function isNoPath(top, path) {
  /** @type {any} */
  let parent = top;
  for (const step of path) {
    if (!isStep(step)) {
      return true;
    }
    if (parent === undefined) {
      if (typeof step === 'number' && step > 0) {
        return true;
      }
      continue;
    }
    if (!isContainer(parent)) {
      return true;
    }
    if (Array.isArray(parent) && (typeof step !== 'number' || step > parent.length)) {
      return true;
    }
    const next = Object.hasOwn(parent, step) ? parent[step] : undefined;
    if (next === undefined && Array.isArray(parent) && Number(step) < parent.length) {
      // It stands there tagged, as an object that has no parts.
      return true;
    }
    parent = next;
  }
  return false;
}

module.exports = { isNoPath };
