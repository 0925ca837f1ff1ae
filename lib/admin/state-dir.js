'use strict';

const path = require('node:path');

/** Our own folder in Node-RED's user directory; `src/state_dir.rs` is about the same. */
const NAME = '.node-red-storage-valkey';

/**
 * The path of a file in the state directory.
 *
 * @param {string} userDir
 * @param {string} name
 */
const inStateDir = (userDir, name) => path.join(userDir, NAME, name);

/**
 * Replaces a file as a whole, so that only the owner can read it.
 *
 * @param {string} file
 * @param {string} text
 */
function writePrivately(file, text) {
  // A start after the first writes nothing.
  const { writeAtomically } = require('../atomic-write');
  return writeAtomically(file, text, { mode: 0o600 });
}

module.exports = { inStateDir, writePrivately };
