'use strict';

const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { createReplaced } = require('../upgrade/dependencies');
const { createInstallHooks } = require('./install-hooks');
const { createLoading } = require('./loading');
const { createRegistration } = require('./registration');
const { openRegistry } = require('./registry');
const { takeAway, typesWithout, usersOf } = require('./removal');
const { createUpgrade } = require('../upgrade');
const { usedLibraries, usedTypes } = require('../../flows/used-types');
const { createSerialQueue } = require('../../serial-queue');

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
  const { userDir } = settings;
  let opened;
  let isClosed = false;
  const queue = createSerialQueue();
  // What was loaded in this process and is not any more: { version, isEsModule }.
  const earlier = new Map();
  const told = new Map();
  const root = path.resolve(userDir, 'node_modules');
  const replaced = createReplaced(root);
  runtime.events.on('runtime-event', onRuntimeEvent);
  if (upgrade === 'live') {
    whenNodesAreLoaded()
      .then(replaced.note)
      .catch(() => {});
  }

  const inTurn = (task) =>
    queue.run(async () => {
      await whenNodesAreLoaded();
      return task(open());
    });

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
      const parts = { runtime, log, reload, root, registry, registration, hooks, earlier, announce, flowsInUse };
      opened = {
        ...parts,
        loadOne: createLoading(parts).loadOne,
        upgrade: createUpgrade({ ...parts, mode: upgrade, restartDelay, replaced })
      };
    }
    return opened;
  }

  /** Users may remove packages as well. */
  function onRuntimeEvent(event) {
    const { id, payload } = event || {};
    if (id === 'node/removed' && Array.isArray(payload)) {
      payload
        .filter((set) => set && set.module && !earlier.has(set.module))
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
          result[(await removeOne(name, parts)) ? 'removed' : 'inUse'].push(name);
        } catch (error) {
          result.failed.push({ name, reason: String(error.message) });
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
    return (
      usersOf(registry, name).length > 0 ||
      usedLibraries(flows).has(name) ||
      typesWithout(registry, name).some((type) => used.has(type))
    );
  }

  /**
   * Makes the types of installed packages available.
   *
   * @param {Array<{name: string, version: string, from: string | null, isOfStart?: boolean}>} packages
   *   `from`: the version that was on disk before npm ran; `isOfStart`: the start of this process
   *   had waited for it in vain
   * @returns {Promise<{loaded: string[], restart: Array<{name: string, version: string, reason: string}>,
   *   failed: Array<{name: string, reason: string}>}>}
   */
  function load(packages) {
    return inTurn(async (parts) => {
      const result = { loaded: [], restart: [], failed: [] };
      const upgrades = [];
      for (const { name, version, from, isOfStart } of packages) {
        try {
          const entry = await parts.loadOne({ name, version, from });
          (entry ? upgrades : result.loaded).push(entry ? { ...entry, isOfStart } : name);
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
    result.failed.push({ name, reason: String(error.message) });
    tellOnce(name, `package ${name}@${version} is installed but could not be loaded: ${error.message}`);
  }

  /** The core tries again and again: one line for each reason. */
  function tellOnce(name, line) {
    if (told.get(name) !== line) {
      told.set(name, line);
      log.error(line);
    }
  }

  function close() {
    isClosed = true;
    runtime.events.removeListener('runtime-event', onRuntimeEvent);
  }

  return { remove, load, close };
}

module.exports = { createPalette };
