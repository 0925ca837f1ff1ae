'use strict';

// Which addon is measured: figures are worth something of a release build alone.

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
/** A release build has about 5 MB; one for debugging, with its symbols, more than 100. */
const LARGEST_RELEASE = 20 << 20;

/** The addon that Node-RED will load: its path and size. */
function loadedAddon() {
  require('../binding.js');
  const file = Object.keys(require.cache).find((name) => name.endsWith('.node') && path.dirname(name) === ROOT);
  if (!file) {
    throw new Error('binding.js has loaded no addon of this checkout');
  }
  const { size } = fs.statSync(file);
  return { file, size, isRelease: size < LARGEST_RELEASE };
}

module.exports = { loadedAddon };
