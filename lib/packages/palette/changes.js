'use strict';

/**
 * @import { Log } from '../../types/core'
 * @import { Runtime } from '../../types/node-red'
 */

/** Quiet after the last sign of a change before the installed packages are read, in ms. */
const QUIET = 500;
/** @type {Set<unknown>} */
const RUNTIME_EVENTS = new Set(['node/added', 'node/removed', 'node/upgraded', 'plugin/added', 'plugin/removed']);

/**
 * Notices that the palette may have changed, and calls `publish()` when it has been quiet for
 * 500 ms. Node-RED saves its settings before npm has removed a package, and tells of the removal
 * afterwards: each of its signs starts the wait anew.
 *
 * @param {{ runtime: Runtime, publish: () => Promise<unknown>, log: Log }} params
 */
function createPackageChanges({ runtime, publish, log }) {
  const { events, hooks } = runtime;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let isClosed = false;

  const publishNow = async () => {
    clearTimeout(timer);
    timer = undefined;
    try {
      await publish();
    } catch (error) {
      log.error(`the package list could not be made: ${error.message}`);
    }
  };

  const noteChange = () => {
    if (isClosed) {
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => void publishNow(), QUIET);
    // A process that ends has the change on disk, and publishes it at its next start.
    timer.unref();
  };

  /** @param {{ id?: unknown } | null} event */
  const onRuntimeEvent = (event) => {
    // Any node may emit one.
    if (event && RUNTIME_EVENTS.has(event.id)) {
      noteChange();
    }
  };
  // Node-RED waits for a hook that declares no parameter to call back.
  /** @param {unknown} _payload */
  const onHook = (_payload) => noteChange();

  events.on('runtime-event', onRuntimeEvent);
  hooks.add('postInstall.nodeRedStorageValkeyChanges', onHook);
  hooks.add('postUninstall.nodeRedStorageValkeyChanges', onHook);

  return {
    noteChange,

    /**
     * Before a deploy: who uses a new node in it must find its package on the list. The core keeps
     * the order.
     */
    flush() {
      if (timer !== undefined) {
        void publishNow();
      }
    },

    close() {
      isClosed = true;
      clearTimeout(timer);
      events.removeListener('runtime-event', onRuntimeEvent);
      hooks.remove('*.nodeRedStorageValkeyChanges');
    }
  };
}

module.exports = { createPackageChanges };
