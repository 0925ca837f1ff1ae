'use strict';

const { createContextStore } = require('./lib/context');
const { shared } = require('./lib/context/shared');

/** @import { StoreConfig } from './lib/context/options' */

/**
 * For `contextStorage` in settings.js: makes a context store.
 *
 * @param {StoreConfig} config
 */
function context(config) {
  return createContextStore(config, context);
}

/** Operations that are one step for all instances, for Function nodes: see docs/context.md. */
context.shared = shared;

/** Node-RED names the module in its log by this. */
context.toString = () => 'node-red-storage-valkey/context';

module.exports = context;
