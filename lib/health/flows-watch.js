'use strict';

/** @import { Runtime, RuntimeState } from '../types/node-red' */

/**
 * Watches whether Node-RED's flows run. Has to be created before flows are loaded. `state()` gives
 * one of
 *
 * - `loading`: nothing has been loaded yet;
 * - `running`: flows have been started, perhaps with `missing` types that a change still waits for;
 * - `missing types`, `missing modules`: loaded, and Node-RED waits for what is in `missing`;
 * - `safe mode`, `stopped`: loaded, and kept from running;
 * - `not loadable`: the load failed, with Node-RED's word for it in `missing`.
 *
 * @param {Runtime['events']} events
 */
function watchFlows(events) {
  let state = 'loading';
  /** @type {string[]} */
  let missing = [];

  /**
   * @param {string} now
   * @param {unknown[]} [what]
   */
  const become = (now, what = []) => {
    state = now;
    missing = what.map(String);
  };

  /** @param {RuntimeState} payload */
  const onState = ({ error, state: told, types, modules, type }) => {
    if (error === 'missing-types' || error === 'missing-modules') {
      const named = types || (modules || []).map((entry) => (entry && entry.module) || entry);
      const { HOLD_TYPE } = require('../reload/hold');
      // Ours, for Node-RED: nobody could install it.
      const what = named.filter((name) => name !== HOLD_TYPE);
      // What did not change runs on.
      become(state === 'running' ? state : error.replace('-', ' '), what);
    } else if (error === 'safe-mode') {
      become('safe mode');
    } else if (told === 'stop') {
      // It also ends the stop of a deploy that restarts only a part.
      if (state !== 'running') {
        become('stopped');
      }
    } else if (error && type === 'warning' && !told && state === 'loading') {
      become('not loadable', [error]);
    }
  };

  /** @type {Record<string, (event: any) => void>} */
  const listeners = {
    'flows:started': () => become('running'),
    'flows:stopping': (event) => {
      if (!event || event.type === undefined || event.type === 'full') {
        become('stopped');
      }
    },
    'runtime-event': (event) => {
      if (event && event.id === 'runtime-state' && event.payload) {
        onState(event.payload);
      }
    }
  };
  for (const [name, listener] of Object.entries(listeners)) {
    events.on(name, listener);
  }

  return {
    state: () => ({ state, missing }),
    close() {
      for (const [name, listener] of Object.entries(listeners)) {
        events.removeListener(name, listener);
      }
    }
  };
}

module.exports = { watchFlows };
