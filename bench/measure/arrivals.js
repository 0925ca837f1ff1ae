'use strict';

const dgram = require('node:dgram');
const { once } = require('node:events');
const path = require('node:path');
const { raw } = require('../../__test__/support/node-red.js');

const INSIDE = path.join(__dirname, '..', 'inside', 'arrived.js');

/**
 * Hears from instances which version has started in them, without asking: of many, or of one whose
 * event loop stalls, asking would be what is measured. `settings` belong into theirs.
 */
async function openArrivals() {
  const heard = new Map();
  const waiting = new Map();
  const socket = dgram.createSocket('udp4');
  const keyOf = (pid, version) => `${pid} ${version}`;
  socket.on('message', (message) => {
    const { pid, version } = JSON.parse(String(message));
    const key = keyOf(pid, version);
    heard.set(key, performance.now());
    waiting.get(key)?.(performance.now());
    waiting.delete(key);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return {
    settings: { functionGlobalContext: { arrived: raw(`require(${JSON.stringify(INSIDE)})(${port})`) } },

    /** When the version started in that process, as performance.now() has it; waits for it. */
    async of(instance, version, deadline = 60_000) {
      const key = keyOf(instance.pid, version);
      let timer;
      try {
        return (
          heard.get(key) ??
          (await new Promise((resolve, reject) => {
            waiting.set(key, resolve);
            timer = setTimeout(
              () => reject(new Error(`'${version}' did not start within ${deadline} ms; ${instance.tail(15)}`)),
              deadline
            );
          }))
        );
      } finally {
        clearTimeout(timer);
        waiting.delete(key);
      }
    },

    close: () => socket.close()
  };
}

module.exports = { openArrivals };
