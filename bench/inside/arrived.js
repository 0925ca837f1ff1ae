'use strict';

// Runs in a measured Node-RED process: a node tells `measure/arrivals.js` that its version has started.

const dgram = require('node:dgram');

/** @param {number} port on 127.0.0.1 */
module.exports = (port) => {
  const socket = dgram.createSocket('udp4');
  socket.unref();
  return (version) => {
    socket.send(JSON.stringify({ pid: process.pid, version }), port, '127.0.0.1');
  };
};
