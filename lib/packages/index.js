'use strict';

const { excludedModules } = require('./excluded');
const { npmCommand } = require('./npm/which-npm');
const { createNodeRedLock } = require('./npm/node-red-lock');
const { createPalette } = require('./palette');

/**
 * @import { HostInfo, JobOutcome, PackageOnDisk, PackageUpgrade } from '../../binding'
 * @import { Reload } from '../reload'
 * @import { Log, PackagesCore } from '../types/core'
 * @import { Runtime, Settings } from '../types/node-red'
 */

/**
 * Packages beside Node-RED: the core installs and removes them on disk, and here the running
 * Node-RED is told of it. The same for both roles; `reload` is a worker's.
 *
 * @param {object} params
 * @param {PackagesCore} params.core
 * @param {Settings} params.settings
 * @param {Runtime} params.runtime
 * @param {Log} params.log
 * @param {PackageUpgrade} params.upgrade
 * @param {Reload} [params.reload]
 */
function createPackages({ core, settings, runtime, log, upgrade, reload }) {
  const palette = createPalette({ runtime, settings, log, upgrade, reload });
  /** @type {ReturnType<typeof createNodeRedLock> | null} */
  let nodeRedLock = null;
  let isClosed = false;
  const late = createLate();

  /**
   * What the core has to know.
   *
   * @returns {HostInfo}
   */
  const hostInfo = () => {
    const { allowList, denyList } = (settings.externalModules && settings.externalModules.palette) || {};
    return {
      npm: npmCommand(),
      allowList: Array.isArray(allowList) ? allowList.map(String) : undefined,
      denyList: Array.isArray(denyList) ? denyList.map(String) : undefined,
      excluded: excludedModules(settings)
    };
  };

  const synchronised = () => core.packages();
  /** @type {ReturnType<typeof import('./npm/wait-for-npm').createNpmWait> | undefined} */
  let opened;
  const npm = () => (opened ??= require('./npm/wait-for-npm').createNpmWait({ packages: synchronised }));

  const missingPackages = () => {
    const packages = synchronised();
    return packages ? packages.missing() : null;
  };

  const endNpm = () => {
    const packages = synchronised();
    if (packages) {
      packages.endNpm();
    }
  };
  // npm must not outlive this process.
  process.on('exit', endNpm);

  return {
    /**
     * Begins the synchronisation, and waits for the first within limits. `emptied`: an admin's user
     * directory has lost its packages. From here on Node-RED's own npm runs take turns with ours.
     *
     * @param {boolean} [emptied]
     */
    async atStart(emptied) {
      try {
        await (emptied === undefined ? core.packagesAtStart(hostInfo()) : core.packagesAtStart(hostInfo(), emptied));
      } catch (error) {
        log.error(`packages are not synchronised: ${error.message}`);
      }
      // Who asks for the settings twice begins a start twice; Node-RED has no hook twice.
      if (synchronised() && !isClosed && !nodeRedLock) {
        late.begin(missingPackages());
        nodeRedLock = createNodeRedLock({
          runtime,
          acquire: () => npm().acquire(),
          release: () => npm().release(),
          isSatisfied: async (name, version) => Boolean(await synchronised()?.isInstalled(name, version))
        });
      }
    },

    /**
     * For probes: `{ inStep, waiting, notLoaded }`, where `inStep` is null when the list could not be read;
     * undefined when none is followed, as on most admins.
     */
    state() {
      const packages = synchronised();
      const missing = packages && packages.missing();
      if (!missing) {
        return undefined;
      }
      const faults = new Map([...packages.notLoaded(), ...palette.faults()].map((fault) => [fault.name, fault]));
      return { inStep: packages.isInStep(), waiting: missing, notLoaded: [...faults.values()] };
    },

    /** The names that are on the list and not loaded; null while there is no list. */
    missing: missingPackages,

    /**
     * Waits at most `ms` until no npm runs here; whether none does.
     *
     * @param {number} ms
     */
    waitForNpm: (ms) => npm().waitUntilFree(ms),

    /** Does what the core asks for with its event; whether packages have come into the running Node-RED. */
    async onJob() {
      const packages = synchronised();
      const job = packages && packages.job();
      if (!job) {
        return false;
      }
      /** @type {JobOutcome} */
      let outcome = {};
      try {
        outcome = await (job.task === 'remove' ? palette.remove(job.names) : palette.load(late.mark(job.packages)));
      } catch (error) {
        log.error(`the palette could not be changed: ${error.message}`);
      }
      // The core may have given up on this job meanwhile, and have another one in hand.
      packages.jobDone(job.id, outcome);
      return Boolean(outcome.loaded && outcome.loaded.length > 0);
    },

    close() {
      isClosed = true;
      process.removeListener('exit', endNpm);
      if (nodeRedLock) {
        nodeRedLock.close();
      }
      palette.close();
    }
  };
}

/** The packages that a start has waited for in vain, each until it has come once. */
function createLate() {
  /** @type {Set<string>} */
  let names = new Set();
  let isUnknown = false;
  return {
    /**
     * `missing`: what is still to come after the wait; null when not even that is known.
     *
     * @param {string[] | null} missing
     */
    begin(missing) {
      names = new Set(missing || []);
      isUnknown = missing === null;
    },

    /**
     * Adds to what is to be loaded whether it `isOfStart`.
     *
     * @param {PackageOnDisk[]} packages
     */
    mark(packages) {
      const marked = packages.map((entry) => ({ ...entry, isOfStart: isUnknown || names.has(entry.name) }));
      isUnknown = false;
      packages.forEach(({ name }) => names.delete(name));
      return marked;
    }
  };
}

module.exports = { createPackages };
