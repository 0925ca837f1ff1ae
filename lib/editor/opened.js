'use strict';

// Node-RED gives a plugin the settings, and nothing of the storage module. The plugin may come from another copy of this
// package than the storage module: from the user directory, or from beside Node-RED. So they meet in a place that is one
// for the process, whichever copy asks.

/**
 * What the storage of one runtime offers to its plugin.
 *
 * @typedef {object} OpenedStorage
 * @property {(RED: import('../types/editor').PluginApi) => void} addTo adds to the editor's API what belongs to it
 */

const PLACE = Symbol.for('node-red-storage-valkey.opened');

/** @returns {Map<string, OpenedStorage>} by the user directory, which Node-RED gives both */
function places() {
  const shared = /** @type {Record<symbol, Map<string, OpenedStorage> | undefined>} */ (
    /** @type {unknown} */ (globalThis)
  );
  return (shared[PLACE] ??= new Map());
}

/**
 * For the storage module, at its `init`.
 *
 * @param {string} userDir
 * @param {OpenedStorage} storage
 */
function leaveOpened(userDir, storage) {
  places().set(userDir, storage);
}

/**
 * For the storage module, when it is closed.
 *
 * @param {string} userDir
 * @param {OpenedStorage} storage
 */
function takeOpened(userDir, storage) {
  if (places().get(userDir) === storage) {
    places().delete(userDir);
  }
}

/**
 * For the plugin: undefined where Node-RED's storage is another module.
 *
 * @param {string | undefined} userDir
 */
function openedStorage(userDir) {
  return userDir === undefined ? undefined : places().get(userDir);
}

module.exports = { leaveOpened, openedStorage, takeOpened };
