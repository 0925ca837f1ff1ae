'use strict';

const { createHook } = require('node:async_hooks');

/** @import { ExpressApp, Runtime } from '../../types/node-red' */

const HANDLE = /^(TCP|PIPE|UDP|PROCESS|TTY|FSEVENT|SIGNAL|STATWATCHER|WORKER|MESSAGEPORT)/;

/**
 * Tells what code leaves behind in the process when it is loaded, outside of any node: it stays
 * when a newer version takes its place. Only what is done before the file's first `await` is
 * seen, which cannot be mistaken for what others do meanwhile.
 *
 * @param {Runtime} runtime
 */
function createSideEffects(runtime) {
  /** @type {Set<string>} */
  const found = new Set();

  /** @param {() => unknown} load */
  function watch(load) {
    /** @type {Array<{ _destroyed?: boolean }>} */
    const intervals = [];
    let handles = 0;
    const hook = createHook({
      init(_id, type, _trigger, /** @type {{ _repeat?: unknown, _destroyed?: boolean }} */ resource) {
        if (type === 'Timeout' && resource._repeat) {
          intervals.push(resource);
        } else if (HANDLE.test(type)) {
          handles += 1;
        }
      }
    });
    const routes = countRoutes();
    const listeners = countListeners();
    hook.enable();
    try {
      return load();
    } finally {
      hook.disable();
      note(
        'timers',
        intervals.some((timer) => !timer._destroyed)
      );
      note('connections, servers or processes', handles > 0);
      note('HTTP routes', countRoutes() > routes);
      note('event listeners', countListeners() > listeners);
    }
  }

  /**
   * @param {string} what
   * @param {boolean} isFound
   */
  function note(what, isFound) {
    if (isFound) {
      found.add(what);
    }
  }

  /** Without the editor nothing reaches the admin app. */
  function countRoutes() {
    const apps = [runtime.nodeApp, runtime.settings.httpAdminRoot === false ? undefined : runtime.adminApp];
    return apps.reduce((sum, app) => sum + layersOf(app).length, 0);
  }

  function countListeners() {
    /** @param {NodeJS.EventEmitter} emitter */
    const sum = (emitter) => emitter.eventNames().reduce((total, name) => total + emitter.listenerCount(name), 0);
    return sum(runtime.events) + sum(process);
  }

  return { watch, found: () => [...found] };
}

/**
 * What an Express app answers; Express 4 keeps it in `_router` and throws on `router`.
 *
 * @param {ExpressApp | undefined} app
 */
function layersOf(app) {
  try {
    const router = app && (app._router || app.router);
    return (router && router.stack) || [];
  } catch {
    return [];
  }
}

module.exports = { createSideEffects };
