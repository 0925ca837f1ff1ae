'use strict';

const fs = require('node:fs/promises');
const path = require('node:path');
const { packageFolder } = require('../files');

/** @import { Manifest } from '../../types/node-red' */

/**
 * A package with nodes or plugins that another one in the same folder depends on.
 *
 * @typedef {{ name: string, version: string }} BroughtAlong
 */

/** @typedef {Manifest & { name: string }} Named */

/**
 * Finds the packages of Node-RED that npm has put into a folder because others need them. A start
 * loads whatever lies there, listed in the user directory's package.json or not; what nothing
 * depends on is left out, since npm may be about to remove it.
 *
 * @param {string} root the node_modules that npm works in
 * @returns {Promise<BroughtAlong[]>} in the order of their names
 */
async function broughtAlong(root) {
  const manifests = await manifestsIn(root);
  const needed = new Set(manifests.flatMap(dependenciesOf));
  return manifests.flatMap((manifest) => {
    const { name, version } = manifest;
    return hasNodes(manifest) && needed.has(name) ? [{ name, version }] : [];
  });
}

/**
 * Finds those that npm removes with packages of the user directory, since nothing else there needs them.
 *
 * @param {string} root
 * @param {Set<string>} leaving names of packages
 * @returns {Promise<string[]>} their names
 */
async function goingAlong(root, leaving) {
  const user = await read(path.dirname(root));
  if (!user) {
    return [];
  }
  const manifests = new Map((await manifestsIn(root)).map((manifest) => [manifest.name, manifest]));
  const all = [...dependenciesOf(user), ...Object.keys(user.devDependencies || {})];
  const stay = await reachable(
    all.filter((name) => !leaving.has(name)),
    root,
    manifests
  );
  const go = await reachable([...leaving], root, manifests);
  return [...go].filter((name) => !leaving.has(name) && !stay.has(name) && hasNodes(manifests.get(name)));
}

/**
 * These packages, and all that they depend on.
 *
 * @param {string[]} names
 * @param {string} root
 * @param {Map<string, Named>} manifests
 */
async function reachable(names, root, manifests) {
  /** @type {Set<string>} */
  const found = new Set();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const manifest = manifests.get(name);
    if (manifest && !found.has(name)) {
      found.add(name);
      open.push(...dependenciesOf(manifest), ...(await dependenciesWithin(packageFolder(root, name))));
    }
  }
  return found;
}

/**
 * What the packages need that npm has put inside of another one: it lies beside that.
 *
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
async function dependenciesWithin(folder) {
  const root = path.join(folder, 'node_modules');
  const inner = (await manifestsIn(root)).map(async (manifest) => [
    ...dependenciesOf(manifest),
    ...(await dependenciesWithin(packageFolder(root, manifest.name)))
  ]);
  return (await Promise.all(inner)).flat();
}

/**
 * @param {string} root
 * @returns {Promise<Named[]>} in the order of their names
 */
async function manifestsIn(root) {
  const manifests = (await packagesIn(root)).map(async (name) => {
    const manifest = await read(packageFolder(root, name));
    return manifest && manifest.name === name ? [{ ...manifest, name }] : [];
  });
  return (await Promise.all(manifests)).flat();
}

/** @param {Named | undefined} manifest */
function hasNodes(manifest) {
  const nodeRed = manifest?.['node-red'];
  return typeof nodeRed === 'object' && Boolean(nodeRed);
}

/** @param {string} root */
async function packagesIn(root) {
  const names = await entries(root);
  const inner = names
    .filter((name) => name.startsWith('@'))
    .map(async (scope) => (await entries(path.join(root, scope))).map((name) => `${scope}/${name}`));
  return [...names.filter((name) => !name.startsWith('@')), ...(await Promise.all(inner)).flat()].sort();
}

/** @param {string} folder */
async function entries(folder) {
  const names = await fs.readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.'));
}

/**
 * @param {string} folder
 * @returns {Promise<Manifest | undefined>}
 */
async function read(folder) {
  try {
    return JSON.parse(await fs.readFile(path.join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {Manifest} manifest */
function dependenciesOf({ dependencies, optionalDependencies, peerDependencies }) {
  return [dependencies, optionalDependencies, peerDependencies].flatMap((names) => Object.keys(names || {}));
}

module.exports = { broughtAlong, goingAlong };
