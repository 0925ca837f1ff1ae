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

/**
 * Finds the packages of Node-RED that npm has put into a folder because others need them. A start
 * loads whatever lies there, listed in the user directory's package.json or not; what nothing
 * depends on is left out, since npm may be about to remove it.
 *
 * @param {string} root the node_modules that npm works in
 * @returns {Promise<BroughtAlong[]>} in the order of their names
 */
async function broughtAlong(root) {
  /** @type {Manifest[]} */
  const manifests = [];
  for (const name of await packagesIn(root)) {
    const manifest = await read(packageFolder(root, name));
    if (manifest && manifest.name === name) {
      manifests.push(manifest);
    }
  }
  const needed = new Set(manifests.flatMap(dependenciesOf));
  return manifests.flatMap(({ name = '', version, 'node-red': nodeRed }) =>
    typeof nodeRed === 'object' && nodeRed && needed.has(name) ? [{ name, version }] : []
  );
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

module.exports = { broughtAlong };
