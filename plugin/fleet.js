'use strict';

const { openedStorage } = require('../lib/editor/opened');

/**
 * Node-RED's side of what this package shows in the editor (`fleet.html` and `resources/`). Without the storage module in
 * settings.js, or on a worker, it does nothing.
 *
 * @param {import('../lib/types/editor').PluginApi} RED
 */
module.exports = (RED) => {
  openedStorage(RED.settings.userDir)?.addTo(RED);
};
