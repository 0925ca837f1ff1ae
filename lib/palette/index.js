'use strict';

const path = require('path');
const { setTimeout: delay } = require('timers/promises');
const { createReplaced, identityOf } = require('./dependencies');
const { loadedIn, packageFolder, readManifest } = require('./files');
const { createInstallHooks } = require('./install-hooks');
const { createRegistration } = require('./registration');
const { openRegistry, typesOf } = require('./registry');
const { takeAway, typesWithout, usersOf } = require('./removal');
const { createUpgrade } = require('./upgrade');
const { usedLibraries, usedTypes } = require('./use');

const START_INTERVAL = 50;

/**
 * Brings packages that npm has installed or is about to uninstall into and out of the running
 * Node-RED. To be created before Node-RED loads its nodes; what it is asked for waits until
 * that is done.
 *
 * @param {object} options
 * @param {object} options.runtime Node-RED's, as a storage module's `init` is given it
 * @param {object} options.settings Node-RED's settings
 * @param {object} options.log
 * @param {'report'|'live'|'restart'} [options.upgrade] what to do with a new version of a loaded package
 * @param {object} [options.reload] the reload of a worker
 * @param {number} [options.restartDelay] ms, the most that a restart is put off
 */
function createPalette({ runtime, settings, log, upgrade = 'report', reload, restartDelay }) {
  const userDir = settings.userDir || process.env.NODE_RED_HOME || '.';
  let opened;
  let isClosed = false;
  let turn = Promise.resolve();
  // What was loaded in this process and is not any more: { version, isEsModule }.
  const earlier = new Map();
  const told = new Map();
  const faulty = new Map();
  const root = path.resolve(userDir, 'node_modules');
  const replaced = createReplaced(root);
  if (upgrade === 'live') {
    whenNodesAreLoaded().then(replaced.note).catch(() => {});
  }

  const inTurn = (task) => {
    const result = turn.then(async () => {
      await whenNodesAreLoaded();
      return task(open());
    });
    turn = result.catch(() => {});
    return result;
  };

  async function whenNodesAreLoaded() {
    while (!runtime.isStarted()) {
      if (isClosed) {
        throw new Error('closed before Node-RED had loaded its nodes');
      }
      await delay(START_INTERVAL, undefined, { ref: false });
    }
  }

  function open() {
    if (!opened) {
      const registry = openRegistry(runtime);
      const registration = createRegistration({ registry, settings: runtime.settings });
      const hooks = createInstallHooks({ runtime, dir: userDir });
      opened = { registry, registration, hooks };
      opened.upgrade = createUpgrade({ runtime, log, mode: upgrade, reload, restartDelay, replaced, root, flowsInUse, ...opened });
      runtime.events.on('runtime-event', onRuntimeEvent);
    }
    return opened;
  }

  /** Users may remove packages as well. */
  function onRuntimeEvent({ id, payload } = {}) {
    if (id === 'node/removed' && Array.isArray(payload)) {
      payload.filter((set) => set && set.module && !earlier.has(set.module))
        .forEach((set) => earlier.set(set.module, { version: undefined, isEsModule: false }));
    }
  }

  function announce(id, payload) {
    if (payload.length > 0) {
      runtime.events.emit('runtime-event', { id, retain: false, payload });
    }
  }

  /** All flow arrays that count as in use. */
  function flowsInUse() {
    const running = runtime.nodes.getFlows();
    return [(running && running.flows) || [], ...(reload ? reload.flows() : [])];
  }

  /**
   * Takes the types of packages away, unless flows use them. npm is not run.
   *
   * @param {string[]} names
   * @returns {Promise<{removed: string[], inUse: string[], failed: Array<{name: string, reason: string}>}>}
   *   a package that is not loaded counts as removed
   */
  function remove(names) {
    return inTurn(async (parts) => {
      const result = { removed: [], inUse: [], failed: [] };
      for (const name of usersFirst(parts.registry, names)) {
        try {
          result[await removeOne(name, parts) ? 'removed' : 'inUse'].push(name);
        } catch (error) {
          result.failed.push({ name, reason: error.message });
          tellOnce(name, `package ${name} could not be removed: ${error.message}`);
        }
      }
      return result;
    });
  }

  /** A module that others build on can go once they have. */
  function usersFirst(registry, names) {
    const depth = (name, seen = new Set()) => {
      const users = usersOf(registry, name).filter((user) => names.includes(user) && !seen.has(user));
      return users.length === 0 ? 0 : 1 + Math.max(...users.map((user) => depth(user, new Set([...seen, user]))));
    };
    return [...names].sort((one, other) => depth(one) - depth(other));
  }

  async function removeOne(name, { registry, registration, hooks }) {
    if (isInUse(name, registry)) {
      return false;
    }
    const module = registry.moduleOf(name);
    if (!module) {
      // Node-RED may know it as one that is missing.
      delete registry.moduleList()[name];
      return true;
    }
    const { version } = module;
    await hooks.beforeRemoval(name);
    if (isInUse(name, registry)) {
      return false;
    }
    const types = typesWithout(registry, name);
    const isEsModule = registration.runsEsModules(name);
    const list = takeAway(registry, name);
    earlier.set(name, { version, isEsModule });
    await registry.save().catch((error) => log.debug(`the list of node types is not saved: ${error.message}`));
    announce('node/removed', list);
    log.info(`package ${name}@${version} is removed${types.length > 0 ? `: ${types.join(', ')}` : ''}`);
    await hooks.afterRemoval(name).catch((error) => log.warn(`package ${name}: ${error.message}`));
    return true;
  }

  function isInUse(name, registry) {
    const flows = flowsInUse();
    if (!registry.moduleOf(name)) {
      return usedLibraries(flows).has(name);
    }
    const used = usedTypes(flows, registry.getType);
    return usersOf(registry, name).length > 0 || usedLibraries(flows).has(name) ||
      typesWithout(registry, name).some((type) => used.has(type));
  }

  /**
   * Makes the types of installed packages available.
   *
   * @param {Array<{name: string, version: string, from: string | null}>} packages `from`: the version
   *   that was on disk before npm ran
   * @returns {Promise<{loaded: string[], restart: Array<{name: string, version: string, reason: string}>,
   *   failed: Array<{name: string, reason: string}>}>}
   */
  function load(packages) {
    return inTurn(async (parts) => {
      const result = { loaded: [], restart: [], failed: [] };
      const upgrades = [];
      for (const { name, version, from } of packages) {
        try {
          const entry = await loadOne({ name, version, from }, parts);
          (entry ? upgrades : result.loaded).push(entry || name);
        } catch (error) {
          fail(result, name, version, error);
        }
      }
      await parts.upgrade.take(upgrades, result, fail);
      if (upgrade === 'live') {
        replaced.note();
      }
      return result;
    });
  }

  function fail(result, name, version, error) {
    result.failed.push({ name, reason: error.message });
    tellOnce(name, `package ${name}@${version} is installed but could not be loaded: ${error.message}`);
  }

  /** The core tries again and again: one line for each reason. */
  function tellOnce(name, line) {
    if (told.get(name) !== line) {
      told.set(name, line);
      log.error(line);
    }
  }

  /** Loads a package at once, or returns what there is to upgrade. */
  async function loadOne({ name, from }, parts) {
    const folder = packageFolder(root, name);
    const manifest = readManifest(folder);
    if (!manifest) {
      throw new Error(`there is no readable package.json in ${folder}`);
    }
    const { version } = manifest;
    const entry = { name, version, from: from || undefined, folder, manifest };
    const module = parts.registry.moduleOf(name);
    if (!module) {
      if (typeof manifest['node-red'] !== 'object' || manifest['node-red'] === null) {
        return loadLibrary(entry);
      }
      return loadNew(entry, parts);
    }
    const isSame = module.version === version;
    if (isSame && module.pending_version) {
      await parts.registry.setPending(name, version);
    }
    if (isSame && parts.registration.faultsOf(name).length > 0) {
      return repair(entry, parts);
    }
    if (isSame) {
      return loadExisting(entry, module, parts);
    }
    return { ...entry, running: module.version };
  }

  /** A package without nodes: there is nothing to register, but the version before may be in use. */
  function loadLibrary(entry) {
    const isRunning = entry.from && entry.from !== entry.version &&
      (loadedIn(entry.folder).some((file) => !file.endsWith('.json')) || usedLibraries(flowsInUse()).has(entry.name));
    if (isRunning) {
      return { ...entry, running: entry.from, isLibrary: true };
    }
    log.info(`package ${entry.name}@${entry.version} is installed`);
    return undefined;
  }

  async function loadNew(entry, { registry, registration, hooks }) {
    const { name, version, folder, manifest } = entry;
    const before = earlier.get(name);
    const isOnce = before && (before.isEsModule || registration.hasEsModules(folder, manifest));
    if (isOnce && before.version !== version) {
      return { ...entry, running: 'none of it', why: 'Node.js loads an ES module once, and has loaded another version' };
    }
    await hooks.beforeLoad(name, version);
    if (before && !isOnce) {
      await registration.registerAgain(name, folder);
    } else {
      await registration.register(name, folder);
    }
    await loaded({ name, version }, { registry, registration, hooks });
    return undefined;
  }

  async function loaded({ name, version }, { registry, registration, hooks }, how) {
    const info = registry.getModuleInfo(name);
    announce('plugin/added', info.plugins || []);
    announce('node/added', info.nodes);
    const faults = registration.faultsOf(name);
    if (faults.length > 0) {
      throw new Error(faults.join('; '));
    }
    const types = typesOf(registry.moduleOf(name));
    log.info(`package ${name}@${version} is loaded${types.length > 0 ? `: ${types.join(', ')}` : ''}`);
    await hooks.afterLoad(name, version, how).catch((error) => log.warn(`package ${name}: ${error.message}`));
  }

  /** The module that runs is the one on disk; perhaps it was hidden as another one's dependency. */
  async function loadExisting({ name, version }, module, { registry, hooks }) {
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
  async function repair(entry, parts) {
    const { name, folder, version } = entry;
    const { registry, registration, hooks } = parts;
    const module = registry.moduleOf(name);
    const running = runningTypes(typesOf(module));
    const files = identityOf(path.join(folder, 'package.json'));
    if (running.length > 0 && faulty.get(name) === files) {
      throw new Error(registration.faultsOf(name).join('; '));
    }
    faulty.set(name, files);
    await hooks.beforeLoad(name, version);
    const disabled = new Set(Object.values(module.nodes).filter((set) => set.enabled === false && !set.err).map((set) => set.name));
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
    await loaded(entry, parts);
    faulty.delete(name);
  }

  function runningTypes(types) {
    const { flows = [] } = runtime.nodes.getFlows() || {};
    const running = flows.filter(({ id, type }) => types.includes(type) && runtime.nodes.getNode(id));
    return [...new Set(running.map(({ type }) => type))];
  }

  function close() {
    isClosed = true;
    runtime.events.removeListener('runtime-event', onRuntimeEvent);
  }

  return { remove, load, close };
}

module.exports = { createPalette };
