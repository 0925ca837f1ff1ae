'use strict';

const own = new WeakSet();

/** Whether a hook was called by us, after npm's work, and not by Node-RED before its own. */
function isOwnPayload(payload) {
  return own.has(payload);
}

/** The user's own hooks, called in the way Node-RED calls them around its npm. */
function createInstallHooks({ runtime, dir }) {
  async function trigger(hook, payload) {
    own.add(payload);
    await runtime.hooks.trigger(hook, payload);
  }

  return {
    /** Rejects when a hook refuses the package; a hook that only forbids npm has nothing to forbid here. */
    beforeLoad: (name, version, { isExisting = false, isUpgrade = false } = {}) =>
      trigger('preInstall', { module: name, version, url: undefined, dir, isExisting, isUpgrade, args: [] }),
    afterLoad: (name, version, { isExisting = false, isUpgrade = false } = {}) =>
      trigger('postInstall', { module: name, version, url: undefined, dir, isExisting, isUpgrade, args: [] }),
    beforeRemoval: (name) => trigger('preUninstall', { module: name, dir, args: [] }),
    afterRemoval: (name) => trigger('postUninstall', { module: name, dir, args: [] })
  };
}

module.exports = { createInstallHooks, isOwnPayload };
