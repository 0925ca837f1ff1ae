'use strict';

const net = require('node:net');

/** A TCP port on 127.0.0.1 that the system handed out and that is free at this moment. */
function freePort() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer();
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

module.exports = { freePort };
