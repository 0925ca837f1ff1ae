'use strict';

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

/** @import { Manifest } from '../types/node-red' */

/**
 * Where npm installs a package.
 *
 * @param {string} root
 * @param {string} name
 */
function packageFolder(root, name) {
  return path.join(root, ...name.split('/'));
}

/**
 * A folder's package.json as it is on disk now, not as `require` keeps it; undefined when there is none.
 *
 * @param {string} folder
 * @returns {Manifest | undefined}
 */
function readManifest(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file
 * @returns {Partial<Manifest>}
 */
function nearestManifest(file) {
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    const manifest = readManifest(dir);
    if (manifest || path.dirname(dir) === dir || path.basename(dir) === 'node_modules') {
      return manifest || {};
    }
  }
}

/**
 * Whether Node.js takes a file for an ES module.
 *
 * @param {string} file
 */
function isEsModule(file) {
  const extension = path.extname(file);
  return extension === '.mjs' || (extension === '.js' && nearestManifest(file).type === 'module');
}

/**
 * Tells whether a file lies in a folder; a link to the folder counts as well.
 *
 * @param {string} folder
 * @returns {(file: string) => boolean}
 */
function within(folder) {
  const roots = [folder];
  try {
    roots.push(fs.realpathSync(folder));
  } catch {
    // Gone from disk: what was loaded from it is still known by its path.
  }
  return (file) => roots.some((root) => file.startsWith(root + path.sep));
}

/**
 * The loaded files of a package, those of packages inside its folder included.
 *
 * @param {string} folder
 */
function loadedIn(folder) {
  return Object.keys(require.cache).filter(within(folder));
}

/**
 * Forgets loaded files, so that the next `require` reads them anew. Returns a function that
 * brings them back.
 *
 * Node.js also keeps where a path once led, and that may be a file which the next version of a
 * package no longer has. What it keeps of a package.json (`main`, `exports`, `type`) can't be
 * reached.
 *
 * @param {string[]} files
 */
function forget(files) {
  const gone = new Map(files.map((file) => [file, require.cache[file]]));
  const modules = new Set(gone.values());
  for (const file of files) {
    delete require.cache[file];
  }
  for (const module of Object.values(require.cache)) {
    if (module && module.children && module.children.some((child) => modules.has(child))) {
      module.children = module.children.filter((child) => !modules.has(child));
    }
  }
  const { _pathCache: paths = {} } = /** @type {{ _pathCache?: Record<string, string> }} */ (
    /** @type {unknown} */ (Module)
  );
  for (const [request, file] of Object.entries(paths)) {
    if (gone.has(file)) {
      delete paths[request];
    }
  }
  return () => {
    for (const file of Object.keys(require.cache).filter((name) => gone.has(name))) {
      delete require.cache[file];
    }
    gone.forEach((module, file) => {
      require.cache[file] = module;
    });
  };
}

module.exports = { forget, isEsModule, loadedIn, packageFolder, readManifest, within };
