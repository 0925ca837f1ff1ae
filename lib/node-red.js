'use strict';

const path = require('path');

/**
 * The exports of a module of the Node-RED that is running, found among what is loaded: resolving
 * by package name fails when Node-RED is installed globally, embedded or in an image.
 */
function loaded(suffix) {
  const wanted = path.join('@node-red', 'runtime', 'lib', suffix);
  const name = Object.keys(require.cache).find((file) => file.endsWith(wanted));
  return name ? { file: name, exports: require.cache[name].exports } : null;
}

/** Node-RED's settings (settings.js and stored ones); known before `init`. */
function loadedSettings() {
  const found = loaded('settings.js');
  return found && found.exports;
}

/** Node-RED's own local file storage. */
function localStorage() {
  const found = loaded(path.join('storage', 'index.js'));
  if (!found) {
    throw new Error('node-red-storage-valkey must be loaded by Node-RED, as its storageModule');
  }
  return require(path.join(path.dirname(found.file), 'localfilesystem'));
}

module.exports = { loadedSettings, localStorage };
