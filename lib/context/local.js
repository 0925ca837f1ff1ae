'use strict';

const { createCache } = require('./cache');
const { createDeferred } = require('./deferred');
const { createExpressions } = require('./expressions');
const { createOperations } = require('./operations');
const { createStore } = require('./store');

/**
 * @import { Log } from '../types/core'
 * @import { ExpressionUtil } from '../types/node-red'
 * @import { Core } from './deferred'
 */

/**
 * What flows read and write, before the core: `get`, `set`, `keys`, and what the core is to be heard with and ended with.
 *
 * @param {{ core: Core, util: ExpressionUtil, log: Log }} parts
 */
function createLocal({ core, util, log }) {
  const deferred = createDeferred(core, (scope, key, error) => {
    cache.drop(scope, key);
    log.error(`context: '${key}' of ${scope} was not set: ${error instanceof Error ? error.message : error}`);
  });
  const cache = createCache({ core: deferred, log });
  const operations = createOperations({ core: deferred, cache, util });
  const store = createStore({ core: deferred, cache, expressions: createExpressions(util), operations, util });
  return {
    ...store,
    cache,
    /** Tells the core at once what was put off. */
    flush: deferred.flush,

    /**
     * Takes what others have changed, two lists side by side. Empty ones: everything.
     *
     * @param {string[]} scopes
     * @param {string[]} keys
     */
    changed(scopes, keys) {
      if (scopes.length === 0) {
        cache.dropAll();
      }
      scopes.forEach((scope, i) => cache.drop(scope, keys[i]));
    }
  };
}

module.exports = { createLocal };
