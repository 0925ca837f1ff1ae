'use strict';

const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');

/** Whether the server answers a PING now. */
function pings({ host, port }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true }, () => socket.write('PING\r\n'));
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('error', () => end(false));
    socket.once('close', () => resolve(false));
    socket.once('data', (answer) => end(String(answer).startsWith('+PONG')));
  });
}

/** When the server answers, as performance.now() has it; asks all the time. */
async function serverAnswers(server) {
  while (!(await pings(server))) {
    await delay(2);
  }
  return performance.now();
}

/** Starts a killed server again; when it answers. */
async function startedAgain(server) {
  const [answers] = await Promise.all([serverAnswers(server), server.restart()]);
  return answers;
}

module.exports = { startedAgain };
