// What this package adds to Node-RED's editor. Loaded by plugin/fleet.html with every editor; where the storage of this
// Node-RED is another module, or a worker's, it asks once and adds nothing.

import { createApi } from './api.mjs';
import { PARTS } from './parts.mjs';
import { addTab } from './tab.mjs';

function addStyle() {
  $('<link rel="stylesheet">')
    .attr('href', new URL('fleet.css', import.meta.url).href)
    .appendTo('head');
}

const plugin = {
  type: 'node-red-storage-valkey',
  onadd() {
    const api = createApi((key, values) => plugin._(key, values));
    api.get('editor').then(
      () => {
        addStyle();
        PARTS.forEach((part) => part.start?.(api));
        addTab(api, PARTS);
      },
      () => {}
    );
  }
};

RED.plugins.registerPlugin('node-red-storage-valkey-fleet', plugin);
