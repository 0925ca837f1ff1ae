'use strict';

const path = require('node:path');
const { identityOf } = require('../upgrade/dependencies');
const { loadedIn, packageFolder, readManifest } = require('../files');
const { typesOf } = require('./registry');
const { takeAway } = require('./removal');
const { usedLibraries } = require('../../flows/used-types');

/**
 * Finds out what an installed package is to the running Node-RED, and loads what is not loaded.
 *
 * `earlier`: what was loaded in this process and is not any more, `{ version, isEsModule }` by
 * name.
 */
function createLoading({ runtime, log, reload, root, registry, registration, hooks, earlier, announce, flowsInUse }) {
  // The package.json of modules that failed with it.
  const faulty = new Map();

  /**
   * Loads a package at once, or returns what there is to upgrade: `{ name, version, from, folder,
   * manifest, running, why }`, where `running` is the version that runs and `why`, if given, what
   * keeps it from being replaced.
   */
  async function loadOne({ name, from }) {
    const folder = packageFolder(root, name);
    const manifest = readManifest(folder);
    if (!manifest) {
      throw new Error(`there is no readable package.json in ${folder}`);
    }
    const { version } = manifest;
    const entry = { name, version, from: from || undefined, folder, manifest };
    const module = registry.moduleOf(name);
    if (!module) {
      if (typeof manifest['node-red'] !== 'object' || manifest['node-red'] === null) {
        return loadLibrary(entry);
      }
      return loadNew(entry);
    }
    const isSame = module.version === version;
    if (isSame && module.pending_version) {
      await registry.setPending(name, version);
    }
    if (isSame && registration.isContested(name)) {
      // Nodes of such a type run the other one's code.
      throw new Error(registration.faultsOf(name).join('; '));
    }
    const isFaulty = registration.faultsOf(name).length > 0;
    if (isFaulty && (isSame || runningTypes(typesOf(module)).length === 0)) {
      return repair(entry);
    }
    if (isSame) {
      return loadExisting(entry, module);
    }
    return { ...entry, running: module.version };
  }

  /** A package without nodes: there is nothing to register, but the version before may be in use. */
  function loadLibrary(entry) {
    const isRunning =
      entry.from &&
      entry.from !== entry.version &&
      (loadedIn(entry.folder).some((file) => !file.endsWith('.json')) || usedLibraries(flowsInUse()).has(entry.name));
    if (isRunning) {
      return { ...entry, running: entry.from };
    }
    log.info(`package ${entry.name}@${entry.version} is installed`);
    return undefined;
  }

  async function loadNew(entry) {
    const { name, version, folder, manifest } = entry;
    const before = earlier.get(name);
    const isOnce = before && (before.isEsModule || registration.hasEsModules(folder, manifest));
    if (isOnce && before.version !== version) {
      return {
        ...entry,
        running: 'none of it',
        why: 'Node.js loads an ES module once, and has loaded another version'
      };
    }
    await hooks.beforeLoad(name, version);
    if (before && !isOnce) {
      await registration.registerAgain(name, folder);
    } else {
      await registration.register(name, folder);
    }
    await loaded(entry);
    return undefined;
  }

  async function loaded({ name, version }) {
    const info = registry.getModuleInfo(name);
    announce('plugin/added', info.plugins || []);
    announce('node/added', info.nodes);
    const faults = registration.faultsOf(name);
    if (faults.length > 0) {
      throw new Error(faults.join('; '));
    }
    const types = typesOf(registry.moduleOf(name));
    log.info(`package ${name}@${version} is loaded${types.length > 0 ? `: ${types.join(', ')}` : ''}`);
    await hooks.afterLoad(name, version).catch((error) => log.warn(`package ${name}: ${error.message}`));
  }

  /** The module that runs is the one on disk; perhaps it was hidden as another one's dependency. */
  async function loadExisting({ name, version }, module) {
    if (!module.user) {
      const how = { isExisting: true };
      await hooks.beforeLoad(name, version, how);
      announce('node/added', (await registry.setUserInstalled(name)).nodes);
      await hooks.afterLoad(name, version, how).catch((error) => log.warn(`package ${name}: ${error.message}`));
    }
    return undefined;
  }

  /**
   * A module that failed when it was loaded, half-installed perhaps: its files are good now, as
   * far as npm knows. What of it runs is restarted with them, but not for files that are known
   * to fail.
   */
  async function repair(entry) {
    const { name, folder, version } = entry;
    const module = registry.moduleOf(name);
    const running = runningTypes(typesOf(module));
    const files = identityOf(path.join(folder, 'package.json'));
    if (running.length > 0 && faulty.get(name) === files) {
      throw new Error(registration.faultsOf(name).join('; '));
    }
    faulty.set(name, files);
    await hooks.beforeLoad(name, version);
    const disabled = new Set(
      Object.values(module.nodes)
        .filter((set) => set.enabled === false && !set.err)
        .map((set) => set.name)
    );
    const again = async (restartTypes) => {
      takeAway(registry, name);
      await registration.registerAgain(name, folder, { disabled });
      await restartTypes(running);
    };
    if (reload && running.length > 0) {
      await reload.exclusively(({ restartTypes }) => again(restartTypes));
    } else {
      await again(async () => {});
    }
    await loaded(entry);
    faulty.delete(name);
  }

  function runningTypes(types) {
    const { flows = [] } = runtime.nodes.getFlows() || {};
    const running = flows.filter(({ id, type }) => types.includes(type) && runtime.nodes.getNode(id));
    return [...new Set(running.map(({ type }) => type))];
  }

  return { loadOne };
}

module.exports = { createLoading };
