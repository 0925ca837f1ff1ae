'use strict';

const Module = require('node:module');
const path = require('node:path');
const { loadedFiles } = require('../../node-red');

/** @import { NpmCommand } from '../../../binding' */

/**
 * The npm that the running Node-RED uses: the one that its registry brings along (since 4.1), run
 * by this Node.js, or else the one on PATH.
 *
 * @returns {NpmCommand}
 */
function npmCommand() {
  const [installer] = loadedFiles('@node-red/registry', path.join('lib', 'installer.js'));
  const bundled = installer && bundledNpm(installer);
  if (bundled) {
    return { program: process.execPath, args: [bundled] };
  }
  return { program: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}

/**
 * Older registries may find an npm above them as well, but don't use it.
 *
 * @param {string} installer
 */
function bundledNpm(installer) {
  try {
    const { dependencies } = require(path.join(path.dirname(installer), '..', 'package.json'));
    if (!dependencies || !dependencies.npm) {
      return undefined;
    }
    const manifest = Module.createRequire(installer).resolve('npm/package.json');
    return path.join(path.dirname(manifest), 'bin', 'npm-cli.js');
  } catch {
    return undefined;
  }
}

module.exports = { npmCommand };
