'use strict';

// Reading and writing one value of 5 MB through the core, beside ioredis: a text in, a text out. The core's
// way to do so is the log-in sessions, which are one value.

const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { openCoreOf } = require('../measure/core.js');
const { line } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');

const PREFIX = 'values:';
const PATIENCE = 10_000;

const timesAsFast = (limit) => ({
  text: `≥ ${limit} × as fast as ioredis`,
  of: (medians) => medians.plain / medians.valkey,
  show: (figure) => `${figure.toFixed(2)} ×`,
  met: (figure) => figure >= limit
});

/** A JSON object of about that many bytes, with one long text in it. */
function textOf(bytes, version) {
  const words = 'a text of some length, with a "quotation" in it; ';
  return JSON.stringify({ version, text: words.repeat(Math.ceil(bytes / words.length)) });
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

module.exports = {
  name: 'values',
  title: 'A value of 5 MB',

  async run({ times }) {
    const server = await startServer();
    const client = server.client();
    const core = openCoreOf('Admin', { host: server.host, port: server.port, keyPrefix: PREFIX });
    try {
      await core.open();
      await until(() => core.health()?.connection === 'ready', { message: 'connection of the core' });
      const bytes = times(5_000_000, 50_000);
      const ways = {
        valkey: { set: (text) => core.mirrorSessions(text), get: () => core.readSessions(PATIENCE) },
        plain: { set: (text) => client.set('value', text), get: () => client.get('value') }
      };
      const samples = await alternate(
        Object.keys(ways),
        times(25, 2),
        async (name, round) => {
          const { set, get } = ways[name];
          const text = textOf(bytes, round);
          const written = await timed(() => set(text));
          let read;
          const took = await timed(async () => {
            read = await get();
          });
          if (read !== text) {
            throw new Error(`${name} has read something else than was written`);
          }
          return { written, took };
        },
        (name) => name
      );
      return [
        line('GET of 5 MB (plain module: ioredis)', 'ms', samples.took, timesAsFast(2)),
        line('SET of 5 MB (plain module: ioredis)', 'ms', samples.written, timesAsFast(1.5))
      ];
    } finally {
      await core.close();
      await server.stop();
    }
  }
};
