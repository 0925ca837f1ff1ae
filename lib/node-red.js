'use strict';

const path = require('node:path');

/** The loaded files of a package of Node-RED's whose path ends as given. */
function loadedFiles(packageName, suffix) {
  const wanted = path.sep + path.join(...packageName.split('/'), suffix);
  return Object.keys(require.cache).filter((file) => file.endsWith(wanted));
}

/**
 * The exports of a module of the Node-RED that is running, found among what is loaded: resolving
 * by package name fails when Node-RED is installed globally, embedded or in an image.
 */
function loaded(suffix) {
  const [file] = loadedFiles('@node-red/runtime', path.join('lib', suffix));
  return file ? { file, exports: require.cache[file].exports } : null;
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

module.exports = { loadedFiles, loadedSettings, localStorage };
