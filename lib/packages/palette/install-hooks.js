'use strict';

/** @import { Runtime } from '../../types/node-red' */

const own = new WeakSet();

/**
 * Whether a hook was called by us, after npm's work, and not by Node-RED before its own.
 *
 * @param {object} payload
 */
function isOwnPayload(payload) {
  return own.has(payload);
}

/**
 * What is about to be loaded: a module that was there and hidden, a new version, or neither.
 *
 * @typedef {{ isExisting?: boolean, isUpgrade?: boolean }} LoadKind
 */

/** @typedef {ReturnType<typeof createInstallHooks>} InstallHooks */

/**
 * The user's own hooks, called in the way Node-RED calls them around its npm.
 *
 * @param {{ runtime: Pick<Runtime, 'hooks'>, dir: string }} params
 */
function createInstallHooks({ runtime, dir }) {
  /**
   * @param {string} hook
   * @param {object} payload
   */
  async function trigger(hook, payload) {
    own.add(payload);
    await runtime.hooks.trigger(hook, payload);
  }

  return {
    /**
     * Rejects when a hook refuses the package; a hook that only forbids npm has nothing to forbid here.
     *
     * @type {(name: string, version: string, kind?: LoadKind) => Promise<void>}
     */
    beforeLoad: (name, version, { isExisting = false, isUpgrade = false } = {}) =>
      trigger('preInstall', { module: name, version, url: undefined, dir, isExisting, isUpgrade, args: [] }),
    /** @type {(name: string, version: string, kind?: LoadKind) => Promise<void>} */
    afterLoad: (name, version, { isExisting = false, isUpgrade = false } = {}) =>
      trigger('postInstall', { module: name, version, url: undefined, dir, isExisting, isUpgrade, args: [] }),
    /** @type {(name: string) => Promise<void>} */
    beforeRemoval: (name) => trigger('preUninstall', { module: name, dir, args: [] }),
    /** @type {(name: string) => Promise<void>} */
    afterRemoval: (name) => trigger('postUninstall', { module: name, dir, args: [] })
  };
}

module.exports = { createInstallHooks, isOwnPayload };
