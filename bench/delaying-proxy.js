'use strict';

const net = require('node:net');

/**
 * A TCP proxy behind which the server is far away: every byte takes `oneWay` ms there, and as long back.
 *
 * @param {{host: string, port: number}} server
 * @param {number} oneWay in ms
 */
async function startDelayingProxy({ host, port }, oneWay) {
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  // Timers of the same length fire in the order in which they were set.
  const forward = (from, to) => {
    from.on('data', (chunk) => setTimeout(() => to.write(chunk), oneWay));
    from.once('close', () => setTimeout(() => to.destroy(), oneWay));
  };
  const listener = net.createServer({ noDelay: true }, (near) => {
    const far = keep(net.connect({ host, port, noDelay: true }));
    forward(keep(near), far);
    forward(far, near);
  });
  await new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: '127.0.0.1',
    port: listener.address().port,
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    }
  };
}

module.exports = { startDelayingProxy };
