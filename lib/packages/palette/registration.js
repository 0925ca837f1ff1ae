'use strict';

const path = require('node:path');
const { forget, isEsModule, loadedIn, readManifest } = require('../files');
const { takeAway } = require('./removal');

/**
 * @import { LoadError, Manifest, ModulePart, NodeSet, RuntimeSettings } from '../../types/node-red'
 * @import { Registry } from './registry'
 */

/**
 * Called around the running of a node file.
 *
 * @typedef {(load: () => unknown) => unknown} Watch
 */

/** @typedef {ReturnType<typeof createRegistration>} Registration */

/**
 * Reads a package that is on disk into Node-RED.
 *
 * The first time, Node-RED does all of it. Any later time in one process it reads the package
 * but the node files are run here: Node-RED 5 would get the code of the first time again.
 *
 * @param {{ registry: Registry, settings: RuntimeSettings }} params
 */
function createRegistration({ registry, settings }) {
  /**
   * Registers a module that this process has never loaded; rejects when Node-RED doesn't take it at all.
   *
   * @param {string} name
   * @param {string} folder
   */
  async function register(name, folder) {
    await read(name, folder);
  }

  /**
   * @param {string} name
   * @param {string} folder
   */
  async function read(name, folder) {
    try {
      await registry.addModule(name);
    } catch (error) {
      // Node-RED 3.0 fails half-way for a package with plugins and nodes.
      if (registry.getModuleInfo(name)) {
        takeAway(registry, name);
      }
      throw error;
    }
    if (!registry.getModuleInfo(name)) {
      throw Object.assign(new Error(whyNotTaken(folder)), { lasting: true });
    }
  }

  /**
   * Registers a module of which this process has loaded files before.
   *
   * @param {string} name
   * @param {string} folder
   * @param {object} [options]
   * @param {Set<string>} [options.disabled] names of the sets that stay disabled; without it,
   *   those that Node-RED's settings have disabled
   * @param {Watch} [options.watch]
   */
  async function registerAgain(name, folder, { disabled = disabledBefore(name), watch = (load) => load() } = {}) {
    forget(loadedIn(folder));
    const list = registry.moduleList();
    list[name] = { name, nodes: disabledSets(name, folder) };
    try {
      await read(name, folder);
    } finally {
      if (!registry.getModuleInfo(name)) {
        delete list[name];
      }
    }
    const module = registry.loadedModule(name);
    const sets = Object.values(module.nodes).filter((set) => !disabled.has(set.name));
    for (const set of sets) {
      await runSet(set, watch);
    }
    await registry.save();
  }

  /** @param {string} name */
  function disabledBefore(name) {
    const { nodes } = registry.moduleList()[name] || {};
    return new Set(Object.keys(nodes || {}).filter((set) => nodes[set].enabled === false));
  }

  /**
   * What makes Node-RED read a set and not run it.
   *
   * @param {string} name
   * @param {string} folder
   * @returns {Record<string, Partial<NodeSet>>}
   */
  function disabledSets(name, folder) {
    const sets = Object.keys(((readManifest(folder) || {})['node-red'] || {}).nodes || {});
    const entries = sets.map((set) => [
      set,
      { id: `${name}/${set}`, name: set, module: name, types: [], enabled: false }
    ]);
    return Object.fromEntries(entries);
  }

  /**
   * Runs the file of a set that has been read, as Node-RED's loader does.
   *
   * @param {NodeSet} set
   * @param {Watch} [watch]
   */
  async function runSet(set, watch = (load) => load()) {
    if (set.err) {
      set.enabled = true;
      return;
    }
    // Before the file runs: a flow that waits for its types starts while they are registered.
    await registry.enableSet(set.id);
    try {
      await watch(() => runFile(set));
      set.loaded = true;
    } catch (error) {
      set.err = error;
    }
  }

  /** @param {NodeSet} set */
  function runFile(set) {
    const exported = require(set.file);
    const start = exported && exported.__esModule ? exported.default : exported;
    return typeof start === 'function' ? start(registry.createNodeApi(set)) : undefined;
  }

  /**
   * Why Node-RED has passed over a module without a word.
   *
   * @param {string} folder
   */
  function whyNotTaken(folder) {
    const { version } = (readManifest(folder) || {})['node-red'] || {};
    const range = version ? `it is for Node-RED ${version} (this is ${settings.version}), or ` : '';
    return `Node-RED does not take it: ${range}nodesIncludes, nodesExcludes, allowList or denyList keep it out`;
  }

  /**
   * What is wrong with a registered module, a text for each set or plugin in error.
   *
   * @param {string} name
   */
  function faultsOf(name) {
    const module = registry.loadedModule(name);
    /** @type {ModulePart[]} */
    const parts = [...Object.values(module.nodes || {}), ...Object.values(module.plugins || {})];
    return parts.flatMap((part) => (part && part.err ? [`${part.name}: ${faultText(part.err)}`] : []));
  }

  /** What is wrong with the registered modules of the user directory. */
  function localFaults() {
    return Object.keys(registry.moduleList())
      .filter((name) => registry.moduleOf(name)?.local)
      .map((name) => ({ name, reason: faultsOf(name).join('; ') }))
      .filter(({ reason }) => reason);
  }

  /**
   * The same as one error; undefined when nothing is wrong. It is `lasting` where only another package can change it.
   *
   * @param {string} name
   */
  function errorOf(name) {
    const faults = faultsOf(name);
    return faults.length > 0 ? Object.assign(new Error(faults.join('; ')), { lasting: isContested(name) }) : undefined;
  }

  /**
   * Whether a registered module is in error because another has a type of it, and still does.
   *
   * @param {string} name
   */
  function isContested(name) {
    return Object.values(registry.loadedModule(name).nodes || {}).some(({ id, err }) => {
      const type = err && contestedType(err);
      return type ? Boolean(registry.getType(type)) && registry.ownerOf(type) !== id : false;
    });
  }

  /**
   * Whether only `import()` can run some node file of a package.
   *
   * @param {string} folder
   * @param {Manifest} manifest
   */
  function hasEsModules(folder, manifest) {
    const files = Object.values((manifest['node-red'] || {}).nodes || {});
    return files.some((file) => isEsModule(path.join(folder, String(file))));
  }

  /**
   * The same of a registered module whose files are as they were when they were loaded.
   *
   * @param {string} name
   */
  function runsEsModules(name) {
    return Object.values(registry.loadedModule(name).nodes).some((set) => set.file && isEsModule(set.file));
  }

  return { register, registerAgain, errorOf, faultsOf, localFaults, isContested, hasEsModules, runsEsModules };
}

/** @param {LoadError} error */
function alreadyRegistered(error) {
  return typeof error === 'object' && error.code === 'type_already_registered' ? error.details : undefined;
}

/** @param {LoadError} error */
function messageOf(error) {
  return String((typeof error === 'object' && error.message) || error);
}

/**
 * Node-RED finds it when it maps the types of a set, or when its file registers them.
 *
 * @param {LoadError} error
 * @returns {string | undefined}
 */
function contestedType(error) {
  const details = alreadyRegistered(error);
  if (details) {
    return details.type;
  }
  const match = /^(?:Error: )?(.+) already registered/.exec(messageOf(error));
  return match ? match[1] : undefined;
}

/** @param {LoadError} error */
function faultText(error) {
  const details = alreadyRegistered(error);
  if (details) {
    return `type '${details.type}' is already registered by ${details.moduleA}`;
  }
  // Node-RED's loader makes some errors a text that ends with their line.
  return messageOf(error)
    .split('\n')[0]
    .replace(/^Error: /, '')
    .replace(/ \(line:\d+\)$/, '');
}

module.exports = { createRegistration };
