'use strict';

/**
 * @import { ContextHealth } from '../../binding'
 * @import { Instance, Log, RawOptions } from '../types/core'
 */

// Node-RED gives a context store its own `config`, and nothing of `settings.valkey`. The storage module is opened before
// it, in the same process, and leaves here what the stores of its runtime need.

/**
 * What the storage of one runtime has to say to its context stores.
 *
 * @typedef {object} Handover
 * @property {RawOptions} options `settings.valkey` as it was written
 * @property {boolean} readOnly nothing may be written to the disk
 * @property {Log} log
 * @property {() => Instance | null} instance the admin or worker; null as long as it is not open
 */

/**
 * A context store that is open.
 *
 * @typedef {object} OpenedStore
 * @property {string} name what `contextStorage` calls it
 * @property {Promise<unknown>} loaded
 * @property {() => boolean} isLoaded
 * @property {() => ContextHealth | null} health
 */

/** @type {Map<string, Handover>} by the user directory, which Node-RED gives both */
const handovers = new Map();

/** @type {Map<string, Map<string, OpenedStore>>} by the user directory, then by name */
const stores = new Map();

/**
 * For the storage module, at its `init`.
 *
 * @param {string} userDir
 * @param {Handover} handover
 */
function handOver(userDir, handover) {
  handovers.set(userDir, handover);
  stores.delete(userDir);
}

/**
 * For the storage module, when it is closed.
 *
 * @param {string} userDir
 */
function takeBack(userDir) {
  handovers.delete(userDir);
}

/**
 * For a context store: what its runtime's storage has left; undefined where that is another module.
 *
 * @param {string | undefined} userDir
 * @returns {Handover | undefined}
 */
function handedOver(userDir) {
  return userDir === undefined ? undefined : handovers.get(userDir);
}

/**
 * @param {string} userDir
 * @param {OpenedStore} store
 */
function addStore(userDir, store) {
  const opened = stores.get(userDir) ?? new Map();
  opened.set(store.name, store);
  stores.set(userDir, opened);
}

/**
 * @param {string} userDir
 * @param {string} name
 */
function removeStore(userDir, name) {
  stores.get(userDir)?.delete(name);
}

/**
 * The context stores of the runtime with that user directory that are open.
 *
 * @param {string} userDir
 */
function openedStores(userDir) {
  return [...(stores.get(userDir)?.values() ?? [])];
}

module.exports = { addStore, handOver, handedOver, openedStores, removeStore, takeBack };
