'use strict';

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

/** Where npm installs a package. */
function packageFolder(root, name) {
  return path.join(root, ...name.split('/'));
}

/** A folder's package.json as it is on disk now, not as `require` keeps it; undefined when there is none. */
function readManifest(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

function nearestManifest(file) {
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    const manifest = readManifest(dir);
    if (manifest || path.dirname(dir) === dir || path.basename(dir) === 'node_modules') {
      return manifest || {};
    }
  }
}

/** Whether Node.js takes a file for an ES module. */
function isEsModule(file) {
  const extension = path.extname(file);
  return extension === '.mjs' || (extension === '.js' && nearestManifest(file).type === 'module');
}

/** Tells whether a file lies in a folder; a link to the folder counts as well. */
function within(folder) {
  const roots = [folder];
  try {
    roots.push(fs.realpathSync(folder));
  } catch {
    // Gone from disk: what was loaded from it is still known by its path.
  }
  return (file) => roots.some((root) => file.startsWith(root + path.sep));
}

/** The loaded files of a package, those of packages inside its folder included. */
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
  for (const [request, file] of Object.entries(Module._pathCache || {})) {
    if (gone.has(file)) {
      delete Module._pathCache[request];
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
