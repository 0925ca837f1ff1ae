'use strict';

const { isSmall } = require('./deferred');
const { refers } = require('./expressions');
const { isNoPath } = require('./paths');
const { isOperation, start } = require('./shared');
const { encode } = require('./values');

/**
 * @import { ExpressionUtil } from '../types/node-red'
 * @import { createCache } from './cache'
 * @import { createDeferred } from './deferred'
 * @import { createExpressions } from './expressions'
 * @import { createOperations } from './operations'
 */

/**
 * @typedef {Array<string | number>} Parts
 * @typedef {(error?: unknown, ...values: unknown[]) => void} Callback
 */

/**
 * What the core takes: whole values, and parts of them. Both throw with a code when there is too much.
 *
 * @typedef {object} Writer
 * @property {(scope: string, keys: string[], texts: Array<string | null>) => void} set
 * @property {(scope: string, key: string, path: string, text: string | null) => boolean | void} setPath
 *   false when it can't be done that way: the whole value is to be set
 * @property {(scope: string) => string[]} names
 */

/** What Node-RED's memory store leaves out of the keys of the scope `global`. */
const NOT_KEYS_OF_GLOBAL = new Set(['set', 'get', 'keys']);

/**
 * Reads and writes with the answers of Node-RED's memory store.
 *
 * @param {object} parts
 * @param {Pick<ReturnType<typeof createDeferred>, 'set' | 'setPath' | 'names' | 'replace'>} parts.core
 * @param {ReturnType<typeof createCache>} parts.cache
 * @param {ReturnType<typeof createExpressions>} parts.expressions
 * @param {ReturnType<typeof createOperations>} parts.operations
 * @param {ExpressionUtil} parts.util
 */
function createStore({ core, cache, expressions, operations, util }) {
  /** Scopes that something was set in: the memory store reads no key where there is nothing. */
  const touched = new Set();

  /** @param {string} scope */
  const isThere = (scope) => {
    if (touched.has(scope)) {
      return true;
    }
    if (core.names(scope).length > 0) {
      touched.add(scope);
      return true;
    }
    return false;
  };

  /**
   * What `msg` means in `a[msg.b]`: the values of the scope.
   *
   * @param {string} scope
   */
  const rootOf = (scope) =>
    new Proxy(Object.create(null), {
      get: (_root, key) => (typeof key === 'string' ? cache.read(scope, key) : undefined)
    });

  /**
   * @param {string} scope
   * @param {string} key
   */
  const partsOf = (scope, key) => expressions(key, () => rootOf(scope));

  /**
   * @param {string} scope
   * @param {string} key
   * @returns {unknown}
   */
  const read = (scope, key) => {
    if (!isThere(scope)) {
      return undefined;
    }
    const parts = partsOf(scope, key);
    /** @type {any} */
    let value = cache.read(scope, /** @type {string} */ (parts[0]));
    for (let i = 1; i < parts.length; i += 1) {
      if (value === undefined || value === null) {
        return undefined;
      }
      try {
        value = value[parts[i]];
      } catch {
        // A getter of the user's; the memory store takes it for nothing.
        return undefined;
      }
    }
    return value;
  };

  /**
   * Shares a whole value that is in the cache, or keeps it there.
   *
   * @param {string} scope
   * @param {string} key
   * @param {unknown} value
   */
  const shareWhole = (scope, key, value) => {
    const encoded = encode(value);
    if ('text' in encoded) {
      core.set(scope, [key], [encoded.text]);
      cache.put(scope, key, value, encoded.text);
    } else {
      cache.keepLocal(scope, key, value, encoded);
    }
  };

  /**
   * @param {string} scope
   * @param {string} expression
   * @param {Parts} parts
   * @param {unknown} value
   */
  const setByPath = (scope, expression, [first, ...path], value) => {
    const key = /** @type {string} */ (first);
    const top = cache.read(scope, key);
    // `a[msg.b]` is looked up in it, too.
    const holder = Object.create(refers(expression) ? rootOf(scope) : null);
    if (top !== undefined) {
      holder[key] = top;
    }
    const encoded = value === undefined ? { text: null } : encode(value);
    const whole = cache.isLocal(scope, key) || isNoPath(top, path) || !('text' in encoded);
    try {
      if (!util.setObjectProperty(holder, expression, value) || !Object.hasOwn(holder, key)) {
        return;
      }
    } catch (error) {
      if (top === undefined && Object.hasOwn(holder, key)) {
        // What the path goes through is made before its end is looked at.
        shareWhole(scope, key, holder[key]);
      }
      throw error;
    }
    try {
      if (whole || core.setPath(scope, key, JSON.stringify(path), encoded.text) === false) {
        shareWhole(scope, key, holder[key]);
      } else {
        cache.put(scope, key, holder[key], null);
      }
    } catch (error) {
      // It was changed in place: from now on it is again what it was.
      cache.drop(scope, key);
      throw error;
    }
  };

  /**
   * Whole values of one call, which are sent as one.
   *
   * @param {string} scope
   */
  const batchFor = (scope) => {
    /** @type {Map<string, { value: unknown, text: string | null }>} */
    const batch = new Map();
    const flush = () => {
      if (batch.size === 0) {
        return;
      }
      const entries = [...batch];
      batch.clear();
      core.set(
        scope,
        entries.map(([key]) => key),
        entries.map(([, { text }]) => text)
      );
      for (const [key, { value, text }] of entries) {
        cache.put(scope, key, value, text);
      }
    };
    return {
      /**
       * @param {string} key
       * @param {unknown} value
       */
      add(key, value) {
        if (value === undefined) {
          batch.set(key, { value, text: null });
          return;
        }
        if (batch.get(key)?.text === null) {
          // Removed before it is set, it comes after the others in `keys`.
          flush();
        }
        const encoded = encode(value);
        if ('text' in encoded) {
          batch.set(key, { value, text: encoded.text });
        } else {
          batch.delete(key);
          cache.keepLocal(scope, key, value, encoded);
        }
      },
      flush
    };
  };

  /**
   * @param {string} scope
   * @param {string[]} keys
   * @param {unknown[]} values
   * @returns {Array<Promise<unknown>>} of the operations among the values
   */
  const write = (scope, keys, values) => {
    touched.add(scope);
    const batch = batchFor(scope);
    /** @type {Array<Promise<unknown>>} */
    const operated = [];
    try {
      keys.forEach((expression, i) => {
        const value = i < values.length ? values[i] : null;
        if (refers(expression)) {
          batch.flush();
        }
        const parts = partsOf(scope, expression);
        if (isOperation(value)) {
          batch.flush();
          operated.push(start(value, (kind, argument) => operations.run(scope, parts, kind, argument)));
        } else if (parts.length === 1) {
          batch.add(/** @type {string} */ (parts[0]), value);
        } else {
          batch.flush();
          setByPath(scope, expression, parts, value);
        }
      });
    } finally {
      batch.flush();
    }
    return operated;
  };

  /**
   * As a list when Node-RED has given one.
   *
   * @param {string} scope
   * @param {string | string[]} key
   * @param {Callback} [callback]
   */
  const get = (scope, key, callback) => {
    let values;
    try {
      values = Array.isArray(key) ? key.map((one) => read(scope, one)) : read(scope, key);
    } catch (error) {
      if (!callback) {
        throw error;
      }
      if (Array.isArray(key)) {
        callback(error);
      } else {
        callback(error, undefined);
      }
      return undefined;
    }
    if (!callback) {
      return values;
    }
    if (Array.isArray(key)) {
      callback(undefined, .../** @type {unknown[]} */ (values));
    } else {
      callback(undefined, values);
    }
    return undefined;
  };

  /**
   * The short way for what is set over and over.
   *
   * @param {string} scope
   * @param {string} key
   * @param {unknown} value
   */
  const replaced = (scope, key, value) => {
    touched.add(scope);
    const parts = partsOf(scope, key);
    const name = /** @type {string} */ (parts[0]);
    if (parts.length > 1 || !cache.replace(scope, name, value)) {
      return false;
    }
    core.replace(scope, name, value);
    return true;
  };

  /**
   * @param {string} scope
   * @param {string | string[]} key
   * @param {unknown} value
   * @param {Callback} [callback]
   */
  const set = (scope, key, value, callback) => {
    /** @type {Array<Promise<unknown>>} */
    let operated = [];
    try {
      if (Array.isArray(key)) {
        operated = write(scope, key, Array.isArray(value) ? value : [value]);
      } else if (!isSmall(value) || !replaced(scope, key, value)) {
        operated = write(scope, [key], [value]);
      }
    } catch (error) {
      if (!callback) {
        throw error;
      }
      callback(error);
      return;
    }
    if (callback && operated.length > 0) {
      // Not within the promise: what a callback throws is Node-RED's, as ever.
      Promise.all(operated).then(
        () => setImmediate(callback),
        (error) => setImmediate(callback, error)
      );
    } else if (callback) {
      callback(undefined);
    }
  };

  /**
   * @param {string} scope
   * @param {Callback} [callback]
   */
  const keys = (scope, callback) => {
    let shown;
    try {
      const names = cache.names(scope);
      shown = scope === 'global' ? names.filter((name) => !NOT_KEYS_OF_GLOBAL.has(name)) : names;
    } catch (error) {
      if (!callback) {
        throw error;
      }
      callback(error);
      return undefined;
    }
    if (callback) {
      callback(null, shown);
      return undefined;
    }
    return shown;
  };

  return {
    get,
    set,
    keys,
    /** @param {string} scope */
    forget(scope) {
      touched.delete(scope);
      cache.dropScope(scope);
    }
  };
}

module.exports = { createStore };
