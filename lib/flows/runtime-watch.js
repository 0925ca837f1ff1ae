'use strict';

/** @import { FlowsEvent, Runtime, RuntimeState } from '../types/node-red' */

/** @type {Set<string | undefined>} */
const NOT_STARTED = new Set(['missing-types', 'missing-modules', 'safe-mode']);

/** @typedef {ReturnType<typeof createRuntimeWatch>} RuntimeWatch */

/**
 * Watches what Node-RED does by itself: its first start, loads that a user
 * asks for, and the start that follows when missing types have arrived. No
 * update may begin while one of them is under way.
 *
 * `isOwn()` tells whether an event comes from a deploy of ours; those are
 * passed to `onOwn(name, payload)` and change nothing here.
 *
 * @param {object} params
 * @param {Runtime['events']} params.events
 * @param {() => boolean} params.isOwn
 * @param {(name: string, payload: any) => void} params.onOwn
 * @param {(type: string) => void} params.onType
 */
function createRuntimeWatch({ events, isOwn, onOwn, onType }) {
  /** @type {Set<() => void>} */
  const waiting = new Set();
  const missing = new Set();
  let hasStarted = false;
  let isRunning = false;
  let isLoading = false;
  let isStartingItself = false;
  let stopJustEnded = false;
  let announceStart = () => {};
  /** @type {Promise<void>} */
  const started = new Promise((resolve) => {
    announceStart = resolve;
  });

  /** True while nothing of Node-RED's own is under way. */
  function isIdle() {
    return hasStarted && !isLoading && !isStartingItself;
  }

  function settle() {
    if (isIdle()) {
      const callbacks = [...waiting];
      waiting.clear();
      callbacks.forEach((callback) => callback());
    }
  }

  function startEnded() {
    hasStarted = true;
    isLoading = false;
    isStartingItself = false;
    announceStart();
    settle();
  }

  function loadFailed() {
    isLoading = false;
    settle();
  }

  /** @param {RuntimeState} payload */
  function onState(payload) {
    const afterStop = stopJustEnded;
    stopJustEnded = false;
    if (NOT_STARTED.has(payload.error)) {
      missing.clear();
      if (payload.error === 'missing-types') {
        (payload.types || []).forEach((type) => missing.add(type));
      }
      startEnded();
    } else if (payload.state === 'stop') {
      // The same event ends a stop, which a start follows, and a start that a
      // user has forbidden.
      if (!afterStop) {
        startEnded();
      }
    } else if (payload.type === 'warning' && !payload.state && payload.error !== 'credentials_load_failed') {
      loadFailed();
    }
  }

  /** @type {Record<string, (payload: any) => void>} */
  const listeners = {
    'flows:stopping': (/** @type {FlowsEvent} */ event) => {
      isRunning = isRunning && event.type !== 'full';
      if (isOwn()) {
        onOwn('flows:stopping', event);
      }
    },
    'flows:stopped': () => {
      if (!isOwn()) {
        missing.clear();
        stopJustEnded = true;
      }
    },
    'flows:starting': (event) => {
      if (isOwn()) {
        onOwn('flows:starting', event);
      }
    },
    'flows:started': (event) => {
      isRunning = true;
      if (isOwn()) {
        onOwn('flows:started', event);
      } else {
        missing.clear();
        startEnded();
      }
    },
    'runtime-event': (event) => {
      if (!event || !event.payload || (event.id !== 'runtime-state' && event.id !== 'runtime-deploy')) {
        return;
      }
      if (isOwn()) {
        onOwn(event.id, event.payload);
      } else if (event.id === 'runtime-state') {
        onState(event.payload);
      }
    },
    'type-registered': (type) => {
      if (missing.delete(type) && missing.size === 0 && !isOwn()) {
        isStartingItself = true;
      }
      onType(type);
    }
  };
  for (const [name, listener] of Object.entries(listeners)) {
    events.on(name, listener);
  }

  /** Node-RED has been given flows to load and will start them. */
  function loadBegins() {
    isLoading = true;
  }

  /** A deploy of ours has replaced the flows that waited for types. */
  function deployBegins() {
    missing.clear();
  }

  /**
   * Calls back once nothing of Node-RED's own is under way; returns a function that cancels.
   *
   * @param {() => void} callback
   * @returns {() => void}
   */
  function whenIdle(callback) {
    if (isIdle()) {
      callback();
      return () => {};
    }
    waiting.add(callback);
    return () => waiting.delete(callback);
  }

  function close() {
    for (const [name, listener] of Object.entries(listeners)) {
      events.removeListener(name, listener);
    }
    waiting.clear();
  }

  /** False while no flow at all has been started, or all have been stopped. */
  function hasRunningFlows() {
    return isRunning;
  }

  return { started, isIdle, whenIdle, loadBegins, deployBegins, hasRunningFlows, close };
}

module.exports = { createRuntimeWatch };
