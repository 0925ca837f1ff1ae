'use strict';

const path = require('node:path');
const { createSerialQueue } = require('../../serial-queue');

/**
 * @import { JobOutcome, PackageOnDisk, PackageUpgrade, RestartNeeded } from '../../../binding'
 * @import { Reload } from '../../reload'
 * @import { Log } from '../../types/core'
 * @import { NodeSet, Runtime, Settings } from '../../types/node-red'
 * @import { Parts, Upgrade } from './loading'
 * @import { Replaced } from '../upgrade/dependencies'
 */

const START_INTERVAL = 50;

/**
 * What came of removing packages: those that are gone, those that flows use, and the others.
 *
 * @typedef {Required<Pick<JobOutcome, 'removed' | 'inUse' | 'failed'>>} Removal
 */

/**
 * What came of loading packages: `restart` are those of which another version runs, in whole or in part.
 *
 * @typedef {Omit<Required<Pick<JobOutcome, 'loaded' | 'restart' | 'failed'>>, 'restart'>
 *   & { restart: Array<RestartNeeded & { version: string, reason: string }> }} Load
 */

/**
 * Brings packages that npm has installed or is about to uninstall into and out of the running
 * Node-RED. To be created before Node-RED loads its nodes; what it is asked for waits until
 * that is done.
 *
 * @param {object} options
 * @param {Runtime} options.runtime
 * @param {Settings} options.settings
 * @param {Log} options.log
 * @param {PackageUpgrade} [options.upgrade] what to do with a new version of a loaded package
 * @param {Reload} [options.reload] the reload of a worker
 * @param {number} [options.restartDelay] ms, the most that a restart is put off
 */
function createPalette({ runtime, settings, log, upgrade = 'report', reload, restartDelay }) {
  const { userDir } = settings;
  /** @type {ReturnType<typeof assemble> | undefined} */
  let opened;
  let isClosed = false;
  const queue = createSerialQueue();
  /** @type {Parts['earlier']} */
  const earlier = new Map();
  /** @type {Map<string, string>} */
  const told = new Map();
  const root = path.resolve(userDir, 'node_modules');
  /** @type {Replaced | undefined} */
  let known;
  const replaced = () => (known ??= require('../upgrade/dependencies').createReplaced(root));
  runtime.events.on('runtime-event', onRuntimeEvent);
  if (upgrade === 'live') {
    whenNodesAreLoaded()
      .then(() => replaced().note())
      .catch(() => {});
  }

  /**
   * @template T
   * @param {(parts: ReturnType<typeof assemble>) => Promise<T>} task
   */
  const inTurn = (task) =>
    queue.run(async () => {
      await whenNodesAreLoaded();
      return task(open());
    });

  async function whenNodesAreLoaded() {
    const { setTimeout: delay } = require('node:timers/promises');
    while (!runtime.isStarted()) {
      if (isClosed) {
        throw new Error('closed before Node-RED had loaded its nodes');
      }
      await delay(START_INTERVAL, undefined, { ref: false });
    }
  }

  /** Loads what changes a palette, and not before something is to be changed: no start waits for it. */
  function assemble() {
    const { createUpgrade } = require('../upgrade');
    const { createInstallHooks } = require('./install-hooks');
    const { createLoading } = require('./loading');
    const { createRegistration } = require('./registration');
    const { openRegistry } = require('./registry');
    const { createRemoving } = require('./removing');
    const registry = openRegistry(runtime);
    const registration = createRegistration({ registry, settings: runtime.settings });
    const hooks = createInstallHooks({ runtime, dir: userDir });
    const parts = { runtime, log, reload, root, registry, registration, hooks, earlier, announce, flowsInUse };
    return {
      ...parts,
      ...createLoading(parts),
      ...createRemoving(parts),
      upgradeAll: createUpgrade({ ...parts, mode: upgrade, restartDelay, replaced: replaced() }).upgradeAll
    };
  }

  function open() {
    opened ??= assemble();
    return opened;
  }

  /**
   * Users may remove packages as well.
   *
   * @param {{ id?: unknown, payload?: unknown } | null} event
   */
  function onRuntimeEvent(event) {
    const { id, payload } = event || {};
    if (id === 'node/removed' && Array.isArray(payload)) {
      payload
        .filter((set) => set && set.module && !earlier.has(set.module))
        .forEach((set) => earlier.set(set.module, { version: undefined, isEsModule: false }));
    }
  }

  /**
   * @param {string} id
   * @param {object[]} payload
   */
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
   * @returns {Promise<Removal>} a package that is not loaded counts as removed
   */
  function remove(names) {
    return inTurn(async (parts) => {
      /** @type {Removal} */
      const result = { removed: [], inUse: [], failed: [] };
      for (const name of parts.usersFirst(names)) {
        try {
          const { goingAlong } = require('./brought-along');
          const along = await goingAlong(root, new Set([...result.removed, name]));
          result[(await parts.removeOne(name, along)) ? 'removed' : 'inUse'].push(name);
        } catch (error) {
          result.failed.push({ name, reason: String(error.message) });
          tellOnce(name, `package ${name} could not be removed: ${error.message}`);
        }
      }
      return result;
    });
  }

  /**
   * Makes the types of installed packages available, and those of packages that came with them.
   *
   * @param {Array<PackageOnDisk & { isOfStart?: boolean }>} packages `isOfStart`: the start of this process had waited
   *   for it in vain
   * @returns {Promise<Load>}
   */
  function load(packages) {
    return inTurn(async (parts) => {
      /** @type {Load} */
      const result = { loaded: [], restart: [], failed: [] };
      /** @type {Upgrade[]} */
      const upgrades = [];
      for (const { name, version, from, isOfStart } of packages) {
        try {
          const entry = await parts.loadOne({ name, from });
          if (entry) {
            upgrades.push({ ...entry, isOfStart });
          } else {
            result.loaded.push(name);
          }
        } catch (error) {
          fail(result, name, version, error);
        }
      }
      const isOfStart = packages.some((entry) => entry.isOfStart);
      const came = await parts.loadDependencies(new Set(packages.map(({ name }) => name)), tellOnce);
      upgrades.push(...came.map((entry) => ({ ...entry, isOfStart })));
      await parts.upgradeAll(upgrades, result, fail);
      if (upgrade === 'live') {
        replaced().note();
      }
      return result;
    });
  }

  /**
   * @param {Load} result
   * @param {string} name
   * @param {string} version
   * @param {any} error `lasting`: it will be the same until other packages come or go
   */
  function fail(result, name, version, error) {
    const reason = String(error.message);
    const lasting = Boolean(error.lasting);
    result.failed.push({ name, reason, ...(lasting ? { lasting } : {}) });
    const until = lasting ? '; it is tried again when other packages come or go' : '';
    tellOnce(name, `package ${name}@${version} is installed but could not be loaded: ${reason}${until}`);
  }

  /**
   * The core tries again and again: one line for each reason.
   *
   * @param {string} name
   * @param {string} line
   */
  function tellOnce(name, line) {
    if (told.get(name) !== line) {
      told.set(name, line);
      log.error(line);
    }
  }

  /** The packages of the user directory that Node-RED has in error, those that it found at its start included. */
  const faults = () => (runtime.isStarted() ? open().registration.localFaults() : []);

  function close() {
    isClosed = true;
    runtime.events.removeListener('runtime-event', onRuntimeEvent);
  }

  return { remove, load, faults, close };
}

module.exports = { createPalette };
