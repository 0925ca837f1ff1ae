'use strict';

// A thousand of them: other subscribers of the channel that announces a deploy, and workers that all lose
// their connections at once.

const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { atMost, line } = require('../measure/line.js');
const { openManyCores } = require('../measure/many-cores.js');
const { startedAgain } = require('../measure/server-answers.js');
const { withFleets } = require('../subjects.js');

const PAUSE = 300;
const PREFIX = 'crowd:';

/** Subscribers that do nothing but listen; `heard` is when each has heard something last. */
async function openSubscribers({ host, port }, count, channel) {
  const heard = new Array(count).fill(0);
  let subscribed = 0;
  const sockets = Array.from({ length: count }, (_, index) => {
    const socket = net.connect({ host, port, noDelay: true });
    socket.on('error', () => {});
    socket.write(`SUBSCRIBE ${channel}\r\n`);
    socket.once('data', () => {
      subscribed += 1;
      socket.on('data', () => {
        heard[index] = performance.now();
      });
    });
    return socket;
  });
  const close = () => sockets.forEach((socket) => socket.destroy());
  await until(() => subscribed === count, { deadline: 20_000, message: `subscription of ${count}` }).catch((error) => {
    close();
    throw error;
  });
  return { heard, close };
}

async function measureSubscribers(server, count, rounds) {
  return withFleets(['valkey'], { server, flows: smallFlow('first') }, async ([fleet]) => {
    await answered(fleet.workers[0], 'first');
    const subscribers = await openSubscribers(server, count, `${fleet.prefix}flows:updated`);
    const samples = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        await delay(PAUSE);
        const version = `version ${round}`;
        const began = performance.now();
        await fleet.admin.deploy(smallFlow(version), { type: 'nodes' });
        await until(() => subscribers.heard.every((time) => time > began), { interval: 5, message: 'message to each' });
        samples.push(Math.max(...subscribers.heard) - began);
      }
    } finally {
      subscribers.close();
    }
    return samples;
  });
}

/** How many connections the server has refused since it was started. */
async function refused(server) {
  const client = server.client();
  const [, count] = /rejected_connections:(\d+)/.exec(await client.info('stats'));
  client.disconnect();
  return Number(count);
}

async function measureReturn(server, workers, rounds) {
  const options = { role: 'worker', host: server.host, port: server.port, keyPrefix: PREFIX };
  const cores = openManyCores(workers, options);
  const samples = { took: [], refused: [] };
  try {
    await cores.connected(workers);
    for (let round = 0; round < rounds; round += 1) {
      await server.kill();
      await cores.connected(0);
      const back = await startedAgain(server);
      await cores.connected(workers);
      samples.took.push(performance.now() - back);
      samples.refused.push(await refused(server));
    }
  } finally {
    cores.close();
  }
  return samples;
}

module.exports = {
  name: 'crowd',
  title: 'A thousand others',

  async run({ times }) {
    const count = times(1000, 50);
    const server = await startServer({ lines: ['maxclients 10000'] });
    try {
      const last = await measureSubscribers(server, count, times(10, 1));
      const back = await measureReturn(server, count, times(5, 1));
      return [
        line('1,000 subscribers: POST begun until the last has heard', 'ms', { valkey: last }, atMost(100, 'ms')),
        line('1,000 workers: server answers until all are connected', 'ms', { valkey: back.took }, atMost(3000, 'ms')),
        line('connections that the server refused', 'of them', { valkey: back.refused }, atMost(0, ''))
      ];
    } finally {
      await server.stop();
    }
  }
};
