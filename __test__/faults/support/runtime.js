'use strict';

// What Node-RED gives to a storage module, and nothing more: for the parts of the suite that
// repeat something a thousand times. Everything is asked of it in Node-RED's own order.

const { EventEmitter } = require('node:events');

/** `runtime` as Node-RED passes it to `init`; `state` is what runs, `lines` what was logged. */
function createRuntime({ version = '4.1.0', onLine = () => {} } = {}) {
  const values = {};
  const lines = [];
  const line = (level) => (text) => {
    lines.push(`[${level}] ${text}`);
    if (lines.length > 4000) {
      lines.splice(0, 2000);
    }
    onLine(level, text);
  };
  const events = new EventEmitter();
  const state = { flows: null, credentials: {}, storage: null };

  const told = (id, payload) => events.emit('runtime-event', { id, payload, retain: true });

  const runtime = {
    version,
    events,
    // Nobody installs anything here.
    hooks: { add() {}, remove() {}, trigger: async () => {} },
    isStarted: () => true,
    log: {
      error: line('error'),
      warn: line('warn'),
      info: line('info'),
      debug: line('debug'),
      trace() {},
      addHandler() {},
      removeHandler() {}
    },
    settings: {
      version,
      available: () => true,
      get: (name) => values[name],
      async set(name, value) {
        values[name] = value;
        await state.storage.saveSettings({ ...values });
      },
      getUserSettings: () => ({}),
      async setUserSettings() {}
    },
    nodes: {
      getType: () => true,
      getFlows: () => state.flows,
      getCredentials: (id) => state.credentials[id],
      async addCredentials(id, credentials) {
        state.credentials[id] = credentials;
      },
      async deleteCredentials(id) {
        delete state.credentials[id];
      },
      async disableNode() {},
      async startFlows() {},
      loadFlows: () => load(),
      async setFlows(flows, credentials, type) {
        const cache = { ...state.credentials };
        for (const [id, value] of Object.entries(credentials || {})) {
          cache[id] = value;
        }
        if (credentials) {
          await state.storage.saveCredentials(cache);
        }
        await state.storage.saveFlows(flows, undefined);
        const used = new Set(flows.map(({ id }) => id));
        state.credentials = Object.fromEntries(Object.entries(cache).filter(([id]) => used.has(id)));
        state.flows = { flows, rev: String(flows.length) };
        events.emit('flows:stopping', { config: state.flows, type, diff: null });
        events.emit('flows:stopped', { config: state.flows, type });
        setImmediate(() => {
          events.emit('flows:starting', { config: state.flows, type, diff: null });
          state.onRun(flows, state.credentials);
          events.emit('flows:started', { config: state.flows, type });
          told('runtime-deploy', { revision: state.flows.rev });
        });
        return state.flows.rev;
      }
    }
  };

  /** Flows and credentials from storage, and their start, as Node-RED's load does. */
  async function load() {
    const flows = await state.storage.getFlows();
    const credentials = await state.storage.getCredentials();
    state.flows = { flows, rev: '0' };
    state.credentials = state.decrypt(credentials);
    state.onRun(flows, state.credentials);
    events.emit('flows:started', { config: state.flows });
  }

  return { runtime, state, lines, values, load };
}

module.exports = { createRuntime };
