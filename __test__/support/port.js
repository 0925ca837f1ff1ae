'use strict';

const { once } = require('node:events');
const net = require('node:net');

const HOST = '127.0.0.1';

/** Where the sockets that hold ports lead to; made when the first one is. */
let sink;

async function listenAnywhere(onConnection) {
  const server = net.createServer(onConnection);
  server.listen(0, HOST);
  await once(server, 'listening');
  return server;
}

/**
 * Keeps a port from being given to an outgoing connection, from which it could be had back only a
 * minute after that had ended. A server may listen on it meanwhile, as often as it starts: on Linux
 * it is enough that no other socket of that port listens.
 */
async function hold(port) {
  sink ||= (await listenAnywhere((socket) => socket.on('error', () => {}).unref())).unref();
  const socket = net.connect({ host: HOST, port: sink.address().port, localAddress: HOST, localPort: port });
  await once(socket, 'connect');
  socket.on('error', () => {}).unref();
}

/**
 * A TCP port on 127.0.0.1 that the system handed out and that nobody listens on. On Linux it stays
 * free for who asked for it until this process ends; elsewhere it is free at this moment.
 */
async function freePort() {
  for (let attempt = 1; ; attempt += 1) {
    const listener = await listenAnywhere();
    const { port } = listener.address();
    listener.close();
    await once(listener, 'close');
    try {
      if (process.platform === 'linux') {
        await hold(port);
      }
      return port;
    } catch (error) {
      if (attempt === 5) {
        throw error;
      }
    }
  }
}

module.exports = { freePort };
