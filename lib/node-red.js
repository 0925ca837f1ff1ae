'use strict';

const path = require('node:path');

/** @import { LocalStorage } from './types/node-red' */

/** @import { Settings } from './types/node-red' */

/**
 * The loaded files of a package of Node-RED's whose path ends as given.
 *
 * @param {string} packageName
 * @param {string} suffix
 */
function loadedFiles(packageName, suffix) {
  const wanted = path.sep + path.join(...packageName.split('/'), suffix);
  return Object.keys(require.cache).filter((file) => file.endsWith(wanted));
}

/**
 * The exports of a module of the Node-RED that is running, found among what is loaded: resolving
 * by package name fails when Node-RED is installed globally, embedded or in an image.
 *
 * @param {string} suffix
 */
function loaded(suffix) {
  const [file] = loadedFiles('@node-red/runtime', path.join('lib', suffix));
  const module = file === undefined ? undefined : require.cache[file];
  return module ? { file, exports: module.exports } : null;
}

/**
 * Node-RED's settings (settings.js and stored ones); known before `init`.
 *
 * @returns {Partial<Settings> | null}
 */
function loadedSettings() {
  const found = loaded('settings.js');
  return found && found.exports;
}

/**
 * Node-RED's own local file storage.
 *
 * @returns {LocalStorage}
 */
function localStorage() {
  const found = loaded(path.join('storage', 'index.js'));
  if (!found) {
    throw new Error('node-red-storage-valkey must be loaded by Node-RED, as its storageModule');
  }
  return require(path.join(path.dirname(found.file), 'localfilesystem'));
}

module.exports = { loadedFiles, loadedSettings, localStorage };
