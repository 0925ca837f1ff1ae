'use strict';

// Shared context under faults at random: what instances write, whether all that a server had is there at the end, and how
// soon they agree.

const { setTimeout: delay } = require('node:timers/promises');
const { createRandom } = require('../../__test__/faults/support/random.js');
const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { openContext } = require('../measure/context.js');
const { atMost, line } = require('../measure/line.js');

const INSTANCES = 3;
const KEYS = 20;
const WRITE_EVERY = 2;

/** Writes until it is told to stop; gives what it has set last of each key that is its own. */
async function write(store, who, random, isOver) {
  const last = {};
  for (let n = 0; !isOver(); n += 1) {
    const key = random.whole(0, KEYS - 1);
    const value = `${who}-${n}`;
    last[`own-${who}-${key}`] = value;
    store.set('global', [`own-${who}-${key}`, `shared-${key}`], [value, value]);
    store.set('global', `parts.p${who}.k${key}`, value);
    await delay(WRITE_EVERY);
  }
  return last;
}

async function fault(server, client, random) {
  const what = random.whole(1, 10);
  if (what <= 5) {
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  } else if (what <= 8) {
    server.pause();
    await delay(random.whole(1, 60));
    server.resume();
  } else if (what === 9) {
    await client.flushall();
  } else {
    await server.restart({ signal: random.of(['SIGTERM', 'SIGKILL']) });
  }
  await delay(random.whole(10, 150));
}

/** All that a store has, as text. */
const contents = (store) =>
  JSON.stringify(
    store
      .keys('global')
      .sort()
      .map((key) => [key, store.get('global', key)])
  );

module.exports = {
  name: 'context-faults',
  title: 'Context under faults',

  async run({ times }) {
    const random = createRandom('context faults');
    const server = await startServer();
    const client = server.client();
    const stores = [];
    try {
      const lines = [];
      for (let i = 0; i < INSTANCES; i += 1) {
        stores.push(await openContext(server, {}, (text) => lines.push(text)));
      }
      let over = false;
      const writers = stores.map((store, who) => write(store, who, random, () => over));
      const faults = times(1000, 10);
      for (let i = 0; i < faults; i += 1) {
        await fault(server, client, random);
      }
      over = true;
      const own = Object.assign({}, ...(await Promise.all(writers)));
      const all = (holds) => stores.every(({ core }) => holds(core.health()));
      await until(() => all(({ connection }) => connection === 'ready'), { deadline: 60_000, interval: 5 });
      const began = performance.now();
      await until(
        () => all(({ unsent, inStep }) => unsent === 0 && inStep) && new Set(stores.map(contents)).size === 1,
        { deadline: 60_000, interval: 5 }
      );
      const equal = performance.now() - began;
      const lost = Object.entries(own).filter(
        ([key, value]) => !stores.every((store) => store.get('global', key) === value)
      );
      const conflicts = stores.reduce((sum, { core }) => sum + core.health().conflicts, 0);
      const told = lines.filter((text) => text.includes('theirs stays')).length;
      return [
        line(`writes that ${faults} faults have lost`, '', { valkey: [lost.length] }, atMost(0, '')),
        line('all equal after all are connected', 'ms', { valkey: [equal] }, atMost(1000, 'ms')),
        line(`of ${conflicts} conflicts not logged`, '', { valkey: [conflicts - told] }, atMost(0, ''))
      ];
    } finally {
      await Promise.all(stores.map(({ core }) => core.close()));
      await server.stop();
    }
  }
};
