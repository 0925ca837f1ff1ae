'use strict';

// Settings of a Node-RED process of its own, whose palette is asked to load what the file named
// by PALETTE_LOAD holds, once that is there.

const fs = require('node:fs');
const { createPalette } = require('../../../lib/packages/palette');
const { until } = require('../../support/wait');

globalThis.reloadProbe = { push: (record) => console.log(JSON.stringify(record)) };

const storageModule = {
  async init(settings, runtime) {
    const line = (text) => console.log(text);
    const palette = createPalette({
      runtime,
      settings,
      upgrade: 'restart',
      restartDelay: 300,
      log: { error: line, warn: line, info: line, debug() {} }
    });
    runtime.events.once('flows:started', async () => {
      await until(() => fs.existsSync(process.env.PALETTE_LOAD), { deadline: 60000 });
      const result = await palette.load(JSON.parse(fs.readFileSync(process.env.PALETTE_LOAD, 'utf8')));
      console.log(`result ${JSON.stringify(result)}`);
    });
  },
  getFlows: async () => [
    { id: 't', type: 'tab' },
    { id: 'n', type: 'restart-type', z: 't', value: 'v', wires: [[]] }
  ],
  getCredentials: async () => ({}),
  getSettings: async () => ({}),
  getSessions: async () => ({}),
  getLibraryEntry: async () => [],
  saveFlows: async () => {},
  saveCredentials: async () => {},
  saveSettings: async () => {},
  saveSessions: async () => {},
  saveLibraryEntry: async () => {}
};

module.exports = { storageModule, uiPort: 0, uiHost: '127.0.0.1', httpAdminRoot: false, credentialSecret: false };
