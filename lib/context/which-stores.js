'use strict';

/** What the module of a store reads as: itself when it is named as text, and what our factory says of itself. */
const OURS = 'node-red-storage-valkey/context';

/**
 * Whether a context store is one of ours, as `contextStorage` of the settings has it: Node-RED does not tell a node.
 * Nothing is asked of the store, and another copy of this module counts as well.
 *
 * @param {Record<string, unknown> | undefined} contextStorage
 * @param {string} [name] the default store, when there is none
 */
function isSharedStore(contextStorage, name) {
  const stores = contextStorage ?? {};
  const store = stores[name !== undefined && Object.hasOwn(stores, name) ? name : defaultName(stores)];
  return typeof store === 'object' && store !== null && String(/** @type {any} */ (store).module) === OURS;
}

/** @param {Record<string, unknown>} stores */
function defaultName(stores) {
  const { default: named } = stores;
  if (typeof named === 'string') {
    return named;
  }
  return named === undefined ? Object.keys(stores)[0] : 'default';
}

module.exports = { isSharedStore };
