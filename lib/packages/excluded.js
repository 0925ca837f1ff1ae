'use strict';

const path = require('node:path');
const { readManifest } = require('./files');
const { PREBUILT } = require('../binding/platform');
const { name: OWN_NAME } = require('../../package.json');

/** @import { Settings } from '../types/node-red' */

const NODE_RED = [
  'node-red',
  ...['editor-api', 'editor-client', 'nodes', 'registry', 'runtime', 'util'].map((part) => `@node-red/${part}`)
];
/** Installed by name beside the main package, its binaries' packages are dependencies of the user directory. */
const OWN = [OWN_NAME, ...PREBUILT.map((platform) => `${OWN_NAME}-${platform}`)];
/** The names that Node-RED takes for parts of its own. */
const BUILT_IN = new Set(['localfilesystem', 'memory']);

/**
 * The packages that a package list must never name, since an instance runs on them: this module and its
 * binaries, Node-RED, and what the settings name as storage and context stores.
 *
 * @param {Pick<Settings, 'contextStorage' | 'storageModule'>} settings
 * @returns {string[]}
 */
function excludedModules(settings) {
  const stores = Object.values(settings.contextStorage || {}).map((store) => store && store.module);
  const named = [settings.storageModule, ...stores].filter(Boolean).flatMap(packagesOf);
  return [...new Set([...OWN, ...NODE_RED, ...named])];
}

/** @param {unknown} module */
function packagesOf(module) {
  return typeof module === 'string' ? packageOfName(module) : filesThatExport(module).flatMap(packageOfFile);
}

/** @param {string} name */
function packageOfName(name) {
  if (BUILT_IN.has(name)) {
    return [];
  }
  if (path.isAbsolute(name) || name.startsWith('.')) {
    return packageOfFile(path.resolve(name, 'file'));
  }
  return [
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/')
  ];
}

/**
 * The loaded files whose export, or a part of it, is this.
 *
 * @param {unknown} module
 */
function filesThatExport(module) {
  /** @type {NodeJS.Module[]} */
  const loaded = [];
  /** @type {NodeJS.Module[]} */
  const found = [];
  for (const file in require.cache) {
    const entry = require.cache[file];
    if (entry !== undefined) {
      loaded.push(entry);
      if (entry.exports === module) {
        found.push(entry);
      }
    }
  }
  /** @param {NodeJS.Module} entry */
  const hasPart = ({ exports }) => partsOf(exports).includes(module);
  // Who has it from there has loaded that. To look into all that is loaded takes some 20 ms of a start.
  for (const known of found) {
    found.push(...loaded.filter((entry) => entry.children.includes(known) && !found.includes(entry) && hasPart(entry)));
  }
  return (found.length > 0 ? found : loaded.filter(hasPart)).map(({ filename }) => filename);
}

/**
 * The values of an export, without calling a getter of it.
 *
 * @param {unknown} exported
 * @returns {unknown[]}
 */
function partsOf(exported) {
  if (exported === null || (typeof exported !== 'object' && typeof exported !== 'function')) {
    return [];
  }
  try {
    return Object.values(Object.getOwnPropertyDescriptors(exported)).map(({ value }) => value);
  } catch {
    return [];
  }
}

/**
 * The package that a file belongs to: the nearest package.json with a name, up to its node_modules.
 *
 * @param {string} file
 */
function packageOfFile(file) {
  for (let dir = path.dirname(file); path.dirname(dir) !== dir; dir = path.dirname(dir)) {
    const { name } = readManifest(dir) || {};
    if (typeof name === 'string' && name) {
      return [name];
    }
    if (path.basename(path.dirname(dir)) === 'node_modules') {
      return [];
    }
  }
  return [];
}

module.exports = { excludedModules };
