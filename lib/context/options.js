'use strict';

const nodeRed = require('../node-red');

/**
 * @import { RawOptions } from '../types/core'
 * @import { Handover } from './handover'
 */

/** A store whose `config` names a server stands alone: what `settings.valkey` says is about another one. */
const ADDRESSES = ['host', 'port', 'path', 'url', 'sentinels', 'cluster'];

/**
 * The `config` of a store as Node-RED gives it: `settings` is Node-RED's own.
 *
 * @typedef {RawOptions & { settings?: { userDir?: string } }} StoreConfig
 */

/**
 * Whether a store has options that the storage module does not have.
 *
 * @param {StoreConfig} config
 */
const hasOwnOptions = (config) => Object.keys(config).some((name) => name !== 'settings');

/**
 * The options of a store: its own `config` over what the storage module has handed over.
 *
 * @param {StoreConfig} config
 * @param {Handover | undefined} handover
 * @returns {RawOptions}
 */
function storeOptions(config, handover) {
  const own = Object.fromEntries(Object.entries(config).filter(([name]) => name !== 'settings'));
  const shared = handover?.options ?? {};
  if (ADDRESSES.some((name) => own[name] !== undefined)) {
    return { role: shared.role ?? 'worker', ...own };
  }
  // Without our storage nobody else is known to run the same flows: such a store removes nothing.
  return { role: 'worker', ...shared, ...own };
}

/**
 * What `contextStorage` calls a store, which its factory is not told. Stores without a `config` are given a new object
 * each: they are told apart by the order in which Node-RED makes them.
 *
 * @param {StoreConfig} config
 * @param {unknown} factory
 * @param {string[]} taken names of stores that are open
 */
function storeName(config, factory, taken) {
  const { contextStorage } = nodeRed.loadedSettings() ?? {};
  const own = Object.entries(contextStorage ?? {}).filter(([, store]) => store && store.module === factory);
  const free = own.filter(([name]) => !taken.includes(name));
  const named =
    free.find(([, store]) => /** @type {any} */ (store).config === config) ??
    free.find(([, store]) => !(/** @type {any} */ (store).config));
  return named ? named[0] : `store${taken.length + 1}`;
}

module.exports = { hasOwnOptions, storeName, storeOptions };
