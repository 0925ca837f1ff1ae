'use strict';

const { openContextCore } = require('../../../lib/binding/core.js');
const { openStore } = require('./opened-store.js');

/**
 * Our store on the real core, connected to a server: what Node-RED would be given, with its log in `lines`.
 *
 * @param {{ port: number }} server
 * @param {object} [options] further ones of `settings.valkey`
 */
async function openConnected(server, { userDir, ...options } = {}) {
  const text = JSON.stringify({ role: 'worker', host: '127.0.0.1', port: server.port, ...options });
  const lines = [];
  const line = (text) => lines.push(text);
  const core = openContextCore({
    options: { text, functions: {} },
    userDir,
    name: 'default',
    log: { error: line, warn: line, info: line, debug() {} },
    changed: (scopes, keys) => store.changed(scopes, keys)
  });
  const store = openStore(core);
  await core.open();
  return {
    ...store,
    lines,
    close() {
      store.flush();
      return core.close();
    }
  };
}

module.exports = { openConnected };
