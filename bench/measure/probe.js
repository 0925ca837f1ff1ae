'use strict';

const http = require('node:http');
const path = require('node:path');
const { freePort } = require('../../__test__/support/port.js');

const INSIDE = path.join(__dirname, '..', 'inside', 'probe.js');

function get(port, target) {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: target, agent: false }, (response) => {
      let text = '';
      response.on('data', (part) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject);
  });
}

/**
 * Looks into one Node-RED process, which is started with `options`: from `begin()` to `end()`, how long
 * its event loop stalled at a time (`stall`), was busy in all, and had a processor (`processor`), in ms, and each
 * `saveFlows`.
 */
async function createProbe() {
  const port = await freePort();
  return {
    options: { settingsHead: `require(${JSON.stringify(INSIDE)}).listen(${port});` },
    begin: () => get(port, '/begin'),
    /** @returns {Promise<{stall: number, busy: number, processor: number, saves: Array<{took: number, busy: number}>}>} */
    end: () => get(port, '/end')
  };
}

module.exports = { createProbe };
