'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { tempDir } = require('../../../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..', '..', '..');

/** A new user directory that has this package as an installation there puts it. */
function withPackage() {
  const userDir = tempDir('palette');
  fs.mkdirSync(path.join(userDir, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(userDir, 'node_modules', 'node-red-storage-valkey'), 'dir');
  return userDir;
}

module.exports = { withPackage };
