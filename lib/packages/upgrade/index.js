'use strict';

const { createBlockers } = require('./blockers');
const { scheduleRestart } = require('./restart');
const { createSwap } = require('./swap');

/**
 * @import { PackageUpgrade } from '../../../binding'
 * @import { Load } from '../palette'
 * @import { Parts, Upgrade } from '../palette/loading'
 * @import { Replaced } from './dependencies'
 */

/**
 * What becomes of a new version of a package that runs.
 *
 * @param {Parts & { mode: PackageUpgrade, restartDelay: number | undefined, replaced: Replaced }} parts
 */
function createUpgrade({
  runtime,
  log,
  mode,
  reload,
  restartDelay,
  registry,
  registration,
  hooks,
  replaced,
  root,
  flowsInUse
}) {
  const { blocker } = createBlockers({ registry, registration, replaced, root });
  const { swap } = createSwap({ runtime, registry, registration, root, flowsInUse });
  /** @type {Map<string, string>} */
  const told = new Map();

  /**
   * The new version is installed, the one before runs on.
   *
   * @param {Upgrade} upgrade
   * @param {string | undefined} why
   */
  async function report({ name, version, running }, why) {
    const reason = `${version} is installed, ${running} runs until this worker is restarted${why ? ` (${why})` : ''}`;
    if (told.get(name) !== reason) {
      told.set(name, reason);
      log.warn(`package ${name}: ${reason}`);
    }
    if (registry.moduleOf(name)) {
      await markPending(name, version);
    }
    return { name, version, reason };
  }

  /**
   * As Node-RED does after an upgrade in the palette.
   *
   * @param {string} name
   * @param {string} version
   */
  async function markPending(name, version) {
    const { pending_version: pending } = registry.getModuleInfo(name) || {};
    if (pending !== version) {
      await registry.setPending(name, version).catch((error) => log.debug(error.message));
      const text = 'notification.warnings.restartRequired';
      runtime.events.emit('runtime-event', {
        id: 'restart-required',
        payload: { type: 'warning', text },
        retain: true
      });
      runtime.events.emit('runtime-event', { id: 'node/upgraded', retain: false, payload: { module: name, version } });
    }
  }

  /**
   * What was late for this start would be late for the next, were the disk as it was: no restart.
   *
   * @param {Upgrade} upgrade
   */
  const isTooLate = ({ isOfStart }) => mode === 'restart' && Boolean(isOfStart);

  /**
   * Takes a list of upgrades and adds to `result` what became of each.
   *
   * @param {Upgrade[]} upgrades
   * @param {Load} result
   * @param {(result: Load, name: string, version: string, error: unknown) => void} fail
   */
  async function upgradeAll(upgrades, result, fail) {
    /** @type {Upgrade[]} */
    const live = [];
    for (const entry of upgrades) {
      try {
        const how = { isUpgrade: true };
        if (!entry.isDependency) {
          await hooks.beforeLoad(entry.name, entry.version, how);
        }
        const isLive = mode === 'live' && Boolean(reload);
        const late = isTooLate(entry)
          ? 'it came too late for the start of this worker, which is not restarted for that'
          : undefined;
        const why = isLive ? blocker(entry) : entry.why || late;
        if (isLive && !why) {
          live.push(entry);
        } else {
          result.restart.push(await report(entry, why));
        }
        if (!entry.isDependency) {
          await hooks
            .afterLoad(entry.name, entry.version, how)
            .catch((error) => log.warn(`package ${entry.name}: ${error.message}`));
        }
      } catch (error) {
        fail(result, entry.name, entry.version, error);
      }
    }
    if (reload && live.length > 0) {
      await reload.exclusively(({ restartTypes }) => replace(live, restartTypes, result));
    }
    const awaiting = new Set(result.restart.map(({ name }) => name));
    if (mode === 'restart' && upgrades.some((entry) => awaiting.has(entry.name) && !isTooLate(entry))) {
      scheduleRestart({ log, maxDelay: restartDelay });
    }
  }

  /**
   * Replaces the code of all, then restarts the nodes of all at once.
   *
   * @param {Upgrade[]} entries
   * @param {(types: string[]) => Promise<number>} restartTypes
   * @param {Load} result
   */
  async function replace(entries, restartTypes, result) {
    const replacements = [];
    for (const entry of entries) {
      try {
        replacements.push({ entry, ...(await swap(entry)) });
      } catch (error) {
        result.restart.push(await report(entry, error.message));
      }
    }
    let failure;
    let restarted = 0;
    try {
      restarted = await restartTypes(replacements.flatMap(({ types }) => types));
    } catch (error) {
      failure = `its nodes could not be restarted: ${error.message}`;
    }
    for (const { entry, sideEffects } of replacements) {
      announce(entry.name);
      settle(entry, failure || leftBehind(entry, sideEffects), result);
    }
    if (replacements.length > 0) {
      log.info(`${restarted} nodes restarted with their new code`);
    }
  }

  /**
   * @param {Upgrade} upgrade
   * @param {string[]} sideEffects
   */
  function leftBehind({ running }, sideEffects) {
    return sideEffects.length > 0
      ? `it sets up ${sideEffects.join(', ')} when it is loaded, and those of ${running} go on`
      : undefined;
  }

  /**
   * @param {Upgrade} upgrade
   * @param {string | undefined} why
   * @param {Load} result
   */
  function settle({ name, version, running }, why, result) {
    told.delete(name);
    if (!why) {
      result.loaded.push(name);
      log.info(`package ${name}: ${version} runs in place of ${running}`);
      return;
    }
    const reason = `${version} runs in place of ${running}, but only in part until this worker is restarted (${why})`;
    result.restart.push({ name, version, reason });
    log.warn(`package ${name}: ${reason}`);
  }

  /** @param {string} name */
  function announce(name) {
    const { nodes } = registry.loadedInfo(name);
    runtime.events.emit('runtime-event', { id: 'node/removed', retain: false, payload: nodes });
    runtime.events.emit('runtime-event', { id: 'node/added', retain: false, payload: nodes });
  }

  return { upgradeAll };
}

module.exports = { createUpgrade };
