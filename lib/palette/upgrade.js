'use strict';

const { scheduleRestart } = require('./restart');

/** What becomes of a new version of a package that runs. */
function createUpgrade({ runtime, log, mode, registry }) {
  const told = new Map();

  /** The new version is installed, the one before runs on. */
  async function report({ name, version, running, why }) {
    if (registry.moduleOf(name)) {
      await markPending(name, version);
    }
    const reason = `${version} is installed, ${running} runs until this worker is restarted${why ? ` (${why})` : ''}`;
    if (told.get(name) !== reason) {
      told.set(name, reason);
      log.warn(`package ${name}: ${reason}`);
    }
    return { name, version, reason };
  }

  /** As Node-RED does after an upgrade in the palette. */
  async function markPending(name, version) {
    const { pending_version: pending } = registry.getModuleInfo(name) || {};
    if (pending !== version) {
      await registry.setPending(name, version).catch((error) => log.debug(error.message));
      const text = 'notification.warnings.restartRequired';
      runtime.events.emit('runtime-event', { id: 'restart-required', payload: { type: 'warning', text }, retain: true });
      runtime.events.emit('runtime-event', { id: 'node/upgraded', retain: false, payload: { module: name, version } });
    }
  }

  /** Takes a list of upgrades and adds to `result` what became of each. */
  async function take(upgrades, result, fail) {
    for (const entry of upgrades) {
      try {
        result.restart.push(await report(entry));
      } catch (error) {
        fail(result, entry.name, entry.version, error);
      }
    }
    if (mode === 'restart' && result.restart.length > 0) {
      scheduleRestart({ log });
    }
  }

  return { take };
}

module.exports = { createUpgrade };
