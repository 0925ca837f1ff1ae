'use strict';

/**
 * @import { EventEmitter } from 'node:events'
 * @import { Log } from '../types/core'
 * @import { FlowsEvent } from '../types/node-red'
 */

/**
 * Listens to what Node-RED says of its flows.
 *
 * @param {object} params
 * @param {EventEmitter} params.events
 * @param {(event: FlowsEvent) => void} params.onStopped
 * @param {(event: FlowsEvent) => void} params.onStarting Node-RED starts flows in this turn of the event loop
 * @param {() => void} params.onStarted
 * @param {() => void} params.onState
 * @param {Pick<Log, 'error'>} params.log
 */
function listenToFlows({ events, onStopped, onStarting, onStarted, onState, log }) {
  /** @param {(event: any) => void} listener */
  const guarded = (listener) => (/** @type {unknown} */ event) => {
    // An exception would keep Node-RED from starting any flow.
    try {
      listener(event);
    } catch (error) {
      log.error(`tabs that run on one worker could not be looked at: ${error.message}`);
    }
  };
  const listeners = {
    'flows:stopped': guarded(onStopped),
    'flows:starting': guarded(onStarting),
    'flows:started': guarded(onStarted),
    'runtime-event': guarded((event) => {
      if (event?.id === 'runtime-state' || event?.id === 'runtime-deploy') {
        onState();
      }
    })
  };
  for (const [name, listener] of Object.entries(listeners)) {
    events.on(name, listener);
  }

  return {
    close() {
      for (const [name, listener] of Object.entries(listeners)) {
        events.removeListener(name, listener);
      }
    }
  };
}

module.exports = { listenToFlows };
