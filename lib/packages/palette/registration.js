'use strict';

const path = require('node:path');
const { forget, isEsModule, loadedIn, readManifest } = require('../files');
const { takeAway } = require('./removal');

/**
 * Reads a package that is on disk into Node-RED.
 *
 * The first time, Node-RED does all of it. Any later time in one process it reads the package
 * but the node files are run here: Node-RED 5 would get the code of the first time again.
 */
function createRegistration({ registry, settings }) {
  /** Registers a module that this process has never loaded; rejects when Node-RED doesn't take it at all. */
  async function register(name, folder) {
    await read(name, folder);
  }

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
      throw new Error(whyNotTaken(folder));
    }
  }

  /**
   * Registers a module of which this process has loaded files before.
   *
   * @param {object} [options]
   * @param {Set<string>} [options.disabled] names of the sets that stay disabled; without it,
   *   those that Node-RED's settings have disabled
   * @param {(load: () => any) => any} [options.watch] called around the running of each node file
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
    const module = registry.moduleOf(name);
    const sets = Object.values(module.nodes).filter((set) => !disabled.has(set.name));
    for (const set of sets) {
      await runSet(set, watch);
    }
    await registry.save();
  }

  function disabledBefore(name) {
    const { nodes } = registry.moduleList()[name] || {};
    return new Set(Object.keys(nodes || {}).filter((set) => nodes[set].enabled === false));
  }

  /** What makes Node-RED read a set and not run it. */
  function disabledSets(name, folder) {
    const sets = Object.keys(((readManifest(folder) || {})['node-red'] || {}).nodes || {});
    const entries = sets.map((set) => [
      set,
      { id: `${name}/${set}`, name: set, module: name, types: [], enabled: false }
    ]);
    return Object.fromEntries(entries);
  }

  /** Runs the file of a set that has been read, as Node-RED's loader does. */
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

  function runFile(set) {
    const exported = require(set.file);
    const start = exported && exported.__esModule ? exported.default : exported;
    return typeof start === 'function' ? start(registry.createNodeApi(set)) : undefined;
  }

  /** Why Node-RED has passed over a module without a word. */
  function whyNotTaken(folder) {
    const { version } = (readManifest(folder) || {})['node-red'] || {};
    const range = version ? `it is for Node-RED ${version} (this is ${settings.version}), or ` : '';
    return `Node-RED does not take it: ${range}nodesIncludes, nodesExcludes, allowList or denyList keep it out`;
  }

  /** What is wrong with a registered module, a text for each set or plugin in error. */
  function faultsOf(name) {
    const module = registry.moduleOf(name);
    const parts = Object.values(module.nodes || {}).concat(Object.values(module.plugins || {}));
    return parts.filter((part) => part && part.err).map((part) => `${part.name}: ${faultText(part.err)}`);
  }

  /** Whether a registered module is in error because another has a type of it, and still does. */
  function isContested(name) {
    return Object.values(registry.moduleOf(name).nodes || {}).some(({ id, err }) => {
      const type = err && contestedType(err);
      return Boolean(type && registry.getType(type)) && registry.ownerOf(type) !== id;
    });
  }

  /** Whether only `import()` can run some node file of a package. */
  function hasEsModules(folder, manifest) {
    const files = Object.values((manifest['node-red'] || {}).nodes || {});
    return files.some((file) => isEsModule(path.join(folder, String(file))));
  }

  /** The same of a registered module whose files are as they were when they were loaded. */
  function runsEsModules(name) {
    return Object.values(registry.moduleOf(name).nodes).some((set) => set.file && isEsModule(set.file));
  }

  return { register, registerAgain, faultsOf, isContested, hasEsModules, runsEsModules };
}

/** Node-RED finds it when it maps the types of a set, or when its file registers them. */
function contestedType(error) {
  if (error.code === 'type_already_registered' && error.details) {
    return error.details.type;
  }
  const match = /^(?:Error: )?(.+) already registered/.exec(String(error.message || error));
  return match ? match[1] : undefined;
}

function faultText(error) {
  if (error.code === 'type_already_registered' && error.details) {
    return `type '${error.details.type}' is already registered by ${error.details.moduleA}`;
  }
  // Node-RED's loader makes some errors a text that ends with their line.
  return String((error && error.message) || error)
    .split('\n')[0]
    .replace(/^Error: /, '')
    .replace(/ \(line:\d+\)$/, '');
}

module.exports = { createRegistration };
