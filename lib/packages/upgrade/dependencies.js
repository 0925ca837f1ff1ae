'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { loadedIn, within } = require('../files');

/** @typedef {NodeJS.Module} Module */
/** @typedef {Map<Module, Set<Module>>} Parents */

/**
 * What the loaded code of a package holds on to, read from the modules that Node.js keeps.
 *
 * What `import()` has loaded leaves no trace there.
 *
 * @param {string} folder the package's
 * @param {string} root the node_modules that npm works in; packages elsewhere are left alone
 * @returns {{files: string[], own: string[], shared: Module[], users: string[]}} `files`: the
 *   package's and everything it has loaded; `own`: those of them that nothing else has loaded, or
 *   that lie in its folder; `shared`: the other modules in `root`; `users`: files of others that have
 *   loaded files of the package
 */
function loadedCode(folder, root) {
  const parents = parentsOfLoaded();
  const inPackage = loadedIn(folder).map(moduleOf);
  const all = reachable(inPackage);
  const isInRoot = within(root);
  const own = new Set(inPackage);
  const candidates = [...all].filter((module) => !own.has(module) && isInRoot(module.filename || ''));
  const alone = withoutOtherParents(candidates, own, parents);
  const others = new Set(
    inPackage
      .flatMap((module) => [...(parents.get(module) || [])])
      .filter((module) => !own.has(module) && !alone.has(module))
  );
  /** @param {Module} module */
  const fileOf = (module) => module.filename;
  return {
    files: [...all].map(fileOf),
    own: [...own, ...alone].map(fileOf),
    shared: candidates.filter((module) => !alone.has(module)),
    users: [...others].map(fileOf)
  };
}

/** @param {string} file one that is loaded */
function moduleOf(file) {
  return /** @type {Module} */ (require.cache[file]);
}

function loadedModules() {
  return Object.values(require.cache).flatMap((module) =>
    module && module.filename && Array.isArray(module.children) ? [module] : []
  );
}

function parentsOfLoaded() {
  /** @type {Parents} */
  const parents = new Map();
  for (const module of loadedModules()) {
    for (const child of module.children) {
      parents.set(child, (parents.get(child) || new Set()).add(module));
    }
  }
  return parents;
}

/** @param {Array<Module | undefined>} modules */
function reachable(modules) {
  /** @type {Set<Module>} */
  const found = new Set();
  const open = [...modules];
  while (open.length > 0) {
    const module = open.pop();
    if (module && module.filename && !found.has(module)) {
      found.add(module);
      open.push(...(module.children || []));
    }
  }
  return found;
}

/**
 * Those that nothing outside `own` and themselves has loaded.
 *
 * @param {Module[]} candidates
 * @param {Set<Module>} own
 * @param {Parents} parents
 */
function withoutOtherParents(candidates, own, parents) {
  const alone = new Set(candidates);
  for (let before = -1; before !== alone.size;) {
    before = alone.size;
    for (const module of alone) {
      if ([...(parents.get(module) || [])].some((parent) => !own.has(parent) && !alone.has(parent))) {
        alone.delete(module);
      }
    }
  }
  return alone;
}

/**
 * Another text once npm has replaced the file.
 *
 * @param {string} file
 */
function identityOf(file) {
  try {
    const { ino, ctimeMs } = fs.statSync(file);
    return `${ino}:${ctimeMs}`;
  } catch {
    return 'gone';
  }
}

/** @typedef {ReturnType<typeof createReplaced>} Replaced */

/**
 * Remembers what loaded files were on disk, to tell later whether npm has replaced them since.
 *
 * @param {string} root
 */
function createReplaced(root) {
  /** @type {WeakMap<Module, string>} */
  const known = new WeakMap();
  let since = Infinity;

  /** To be called when nothing has been replaced since the files were loaded. */
  function note() {
    since = Math.min(since, Date.now());
    for (const file of loadedIn(root)) {
      const module = moduleOf(file);
      if (!known.has(module)) {
        known.set(module, identityOf(file));
      }
    }
  }

  /** @param {Module} module */
  function isReplaced(module) {
    if (known.has(module)) {
      return known.get(module) !== identityOf(module.filename);
    }
    try {
      return fs.statSync(module.filename).ctimeMs > since;
    } catch {
      return true;
    }
  }

  return { note, isReplaced };
}

/**
 * The name of the package that a file below a node_modules belongs to.
 *
 * @param {string} file
 */
function packageOf(file) {
  const parts = file.split(path.sep);
  const index = parts.lastIndexOf('node_modules');
  const [first, second] = parts.slice(index + 1);
  return index === -1 ? file : first.startsWith('@') ? `${first}/${second}` : first;
}

module.exports = { createReplaced, identityOf, loadedCode, packageOf };
