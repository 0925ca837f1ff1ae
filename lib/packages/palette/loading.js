'use strict';

const path = require('node:path');
const { identityOf } = require('../upgrade/dependencies');
const { loadedIn, packageFolder, readManifest } = require('../files');
const { typesOf } = require('./registry');
const { broughtAlong } = require('./brought-along');
const { takeAway } = require('./removal');
const { keyOf } = require('../../flows/key');
const { usedLibraries } = require('../../flows/used-types');

/**
 * @import { LoadKind, InstallHooks } from './install-hooks'
 * @import { Registration } from './registration'
 * @import { Registry } from './registry'
 * @import { Reload } from '../../reload'
 * @import { Log } from '../../types/core'
 * @import { FlowNode, Manifest, NodeModule, Runtime } from '../../types/node-red'
 */

/**
 * A package on disk; `from`: the version that was there before; `isDependency`: it is there because another one needs
 * it, and Node-RED calls no install hooks for it.
 *
 * @typedef {{ name: string, version: string, from: string | undefined, folder: string, manifest: Manifest,
 *   isDependency?: boolean }} Entry
 */

/**
 * A new version of a package that runs. `running`: the version that runs; `why`: what keeps it from being replaced,
 * if that is known; `isOfStart`: the start of this process had waited for it in vain.
 *
 * @typedef {Entry & { running: string, why?: string, isOfStart?: boolean }} Upgrade
 */

/**
 * What loading and upgrading have in common: the running Node-RED, and what is known of it.
 *
 * @typedef {object} Parts
 * @property {Runtime} runtime
 * @property {Log} log
 * @property {Reload} [reload] a worker's
 * @property {string} root the node_modules that npm works in
 * @property {Registry} registry
 * @property {Registration} registration
 * @property {InstallHooks} hooks
 * @property {Map<string, { version: string | undefined, isEsModule: boolean }>} earlier what was loaded in this process
 *   and is not any more
 * @property {(id: string, payload: object[]) => void} announce
 * @property {() => FlowNode[][]} flowsInUse
 */

/**
 * Finds out what an installed package is to the running Node-RED, and loads what is not loaded.
 *
 * @param {Parts} parts
 */
function createLoading({ runtime, log, reload, root, registry, registration, hooks, earlier, announce, flowsInUse }) {
  // The package.json of modules that failed with it.
  /** @type {Map<string, string>} */
  const faulty = new Map();
  // The same of dependencies that Node-RED does not take.
  /** @type {Map<string, string>} */
  const notTaken = new Map();

  /**
   * Loads a package at once, or returns what there is to upgrade.
   *
   * @param {{ name: string, from?: string | null }} onDisk
   * @returns {Promise<Upgrade | undefined>}
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
      throw registration.errorOf(name);
    }
    const isFaulty = Boolean(registration.errorOf(name));
    if (isFaulty && (isSame || runningTypes(typesOf(module)).length === 0)) {
      return repair(entry);
    }
    if (isSame) {
      return loadExisting(entry, module);
    }
    return { ...entry, running: module.version };
  }

  /**
   * Loads what npm has installed because others need it, but for what is `listed`; returns what there is to upgrade.
   *
   * @param {Set<string>} listed
   * @param {(name: string, line: string) => void} complain
   * @returns {Promise<Upgrade[]>}
   */
  async function loadDependencies(listed, complain) {
    /** @type {Upgrade[]} */
    const upgrades = [];
    for (const { name, version } of (await broughtAlong(root)).filter((each) => !listed.has(each.name))) {
      try {
        const entry = await loadDependency(name);
        if (entry) {
          upgrades.push(entry);
        }
      } catch (error) {
        complain(name, `package ${name}@${version}, a dependency, could not be loaded: ${error.message}`);
      }
    }
    return upgrades;
  }

  /**
   * What a start would find.
   *
   * @param {string} name
   * @returns {Promise<Upgrade | undefined>}
   */
  async function loadDependency(name) {
    const folder = packageFolder(root, name);
    const manifest = readManifest(folder);
    const files = identityOf(path.join(folder, 'package.json'));
    if (!manifest || notTaken.get(name) === files) {
      return undefined;
    }
    const { version } = manifest;
    const entry = { name, version, from: undefined, folder, manifest, isDependency: true };
    const module = registry.moduleOf(name);
    if (!module) {
      try {
        return await loadNew(entry);
      } catch (error) {
        if (registry.moduleOf(name)) {
          throw error;
        }
        // A start passes over it as well, e.g. for what settings.js allows.
        notTaken.set(name, files);
        log.debug(`package ${name}@${version}, a dependency, is not loaded: ${error.message}`);
        return undefined;
      }
    }
    const isKnown = module.version === version || module.pending_version === version;
    return isKnown ? undefined : { ...entry, running: module.version };
  }

  /**
   * A package without nodes: there is nothing to register, but the version before may be in use.
   *
   * @param {Entry} entry
   * @returns {Upgrade | undefined}
   */
  function loadLibrary(entry) {
    const { name, version, from, folder } = entry;
    const isLoaded = () => loadedIn(folder).some((file) => !file.endsWith('.json'));
    if (from && from !== version && (isLoaded() || usedLibraries(flowsInUse()).has(name))) {
      return { ...entry, running: from };
    }
    log.info(`package ${name}@${version} is installed`);
    return undefined;
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<Upgrade | undefined>}
   */
  async function loadNew(entry) {
    const { name, version, folder, manifest, isDependency } = entry;
    const before = earlier.get(name);
    const isOnce = before && (before.isEsModule || registration.hasEsModules(folder, manifest));
    if (isOnce && before.version !== version) {
      return {
        ...entry,
        running: 'none of it',
        why: 'Node.js loads an ES module once, and has loaded another version'
      };
    }
    if (!isDependency) {
      await hooks.beforeLoad(name, version);
    }
    if (before && !isOnce) {
      await registration.registerAgain(name, folder);
    } else {
      await registration.register(name, folder);
    }
    await loaded(entry);
    return undefined;
  }

  /** @param {Entry} entry */
  async function loaded({ name, version, isDependency }) {
    const info = registry.loadedInfo(name);
    announce('plugin/added', info.plugins || []);
    announce('node/added', info.nodes);
    const error = registration.errorOf(name);
    if (error) {
      throw error;
    }
    const types = typesOf(registry.moduleOf(name));
    const what = `package ${name}@${version}${isDependency ? ', a dependency,' : ''}`;
    log.info(`${what} is loaded${types.length > 0 ? `: ${types.join(', ')}` : ''}`);
    if (!isDependency) {
      await hooks.afterLoad(name, version).catch((error) => log.warn(`package ${name}: ${error.message}`));
    }
  }

  /**
   * The module that runs is the one on disk; perhaps it was hidden as another one's dependency.
   *
   * @param {Entry} entry
   * @param {NodeModule} module
   */
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
   *
   * @param {Entry} entry
   * @returns {Promise<undefined>}
   */
  async function repair(entry) {
    const { name, folder, version } = entry;
    const module = registry.loadedModule(name);
    const running = runningTypes(typesOf(module));
    const files = identityOf(path.join(folder, 'package.json'));
    if (running.length > 0 && faulty.get(name) === files) {
      throw registration.errorOf(name);
    }
    faulty.set(name, files);
    await hooks.beforeLoad(name, version);
    const disabled = new Set(
      Object.values(module.nodes)
        .filter((set) => set.enabled === false && !set.err)
        .map((set) => set.name)
    );
    /** @param {(types: string[]) => Promise<unknown>} restartTypes */
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

  /** @param {string[]} types */
  function runningTypes(types) {
    const { flows = [] } = runtime.nodes.getFlows() || {};
    const running = flows.filter(({ id, type }) => types.includes(type) && runtime.nodes.getNode(keyOf(id)));
    return [...new Set(running.map(({ type }) => type))];
  }

  return { loadOne, loadDependencies };
}

module.exports = { createLoading };
