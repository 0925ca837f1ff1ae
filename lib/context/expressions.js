'use strict';

/** @import { ExpressionUtil } from '../types/node-red' */

/** Keys are mostly the same few; a flow that makes up new ones without end starts the collection anew. */
const KEPT = 2000;

/**
 * `a[msg.b]`: what it stands for changes with the values.
 *
 * @param {string} key
 */
const refers = (key) => /\[msg[.[]/.test(key);

/** Names that are a key as they stand, whatever Node-RED's release. */
const NAME = /^[A-Za-z_$][\w$]*$/;

/**
 * The parts of keys as Node-RED reads them: `a.b[0]` is `['a', 'b', 0]`. Throws what Node-RED does, with the code
 * `INVALID_EXPR`.
 *
 * @param {ExpressionUtil} util of the Node-RED that is running
 */
function createExpressions(util) {
  /** @type {Map<string, Array<string | number>>} */
  const kept = new Map();

  /**
   * @param {string} key
   * @param {() => object} root what `msg` means in it
   */
  return (key, root) => {
    const known = kept.get(key);
    if (known) {
      return known;
    }
    if (NAME.test(key)) {
      return keep(key, [key]);
    }
    if (refers(key)) {
      return named(util.normalisePropertyExpression(key, root()));
    }
    return keep(key, named(util.normalisePropertyExpression(key)));
  };

  /**
   * @param {string} key
   * @param {Array<string | number>} parts
   */
  function keep(key, parts) {
    if (kept.size >= KEPT) {
      kept.clear();
    }
    kept.set(key, parts);
    return parts;
  }
}

/**
 * The first part is the name of a value, whatever it looks like.
 *
 * @param {Array<string | number>} parts
 */
function named([first, ...rest]) {
  return [String(first), ...rest];
}

module.exports = { createExpressions, refers };
