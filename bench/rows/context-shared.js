'use strict';

// Context that instances share: how soon others see what one sets, whether all end at the same, what operations lose, and
// what becomes of a server that was emptied and of what is too much. The stores are in one process, each on a core and
// connections of its own.

const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setImmediate: turn, setTimeout: delay } = require('node:timers/promises');
const { shared } = require('../../lib/context/shared.js');
const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { openContext } = require('../measure/context.js');
const { atMost, line } = require('../measure/line.js');

const exactly = (count) => ({
  text: `${count}`,
  of: (medians) => medians.valkey,
  show: (figure) => String(figure),
  met: (figure) => figure === count
});
const ours = (...values) => ({ valkey: values });

async function untilEqual(stores, key, value) {
  const began = performance.now();
  while (stores.some((store) => store.get('global', key) !== value)) {
    if (performance.now() - began > 30_000) {
      throw new Error(`'${key}' is not ${value} everywhere within 30 s`);
    }
    await turn();
  }
  return performance.now() - began;
}

async function visibility([writer, reader], rounds) {
  const samples = [];
  for (let round = 1; round <= rounds; round += 1) {
    writer.set('global', 'seen', round);
    samples.push(await untilEqual([reader], 'seen', round));
  }
  return samples.sort((a, b) => a - b);
}

/** Each store writes its own and common keys, so many a second in all. */
async function load(stores, seconds, rate) {
  const stall = monitorEventLoopDelay({ resolution: 5 });
  stall.enable();
  const end = performance.now() + seconds * 1000;
  let writes = 0;
  const began = performance.now();
  while (performance.now() < end) {
    const wanted = ((performance.now() - began) / 1000) * rate;
    for (; writes < wanted; writes += 1) {
      stores[writes % stores.length].set('global', `k${writes % 100}`, writes);
    }
    await delay(2);
  }
  const last = performance.now();
  const contents = (store) =>
    JSON.stringify(
      store
        .keys('global')
        .sort()
        .map((key) => [key, store.get('global', key)])
    );
  await until(() => new Set(stores.map(contents)).size === 1, { deadline: 30_000, interval: 5 });
  stall.disable();
  return { equal: performance.now() - last, stalled: stall.max / 1e6 };
}

const count = (store, times) =>
  (async () => {
    for (let i = 0; i < times; i += 1) {
      const operation = shared.incr();
      store.set('global', 'counter', operation);
      await operation;
    }
  })();

module.exports = {
  name: 'context-shared',
  title: 'Shared context',

  async run({ times }) {
    const server = await startServer();
    const client = server.client();
    const opened = [];
    const open = async (options) => {
      const store = await openContext(server, options);
      opened.push(store);
      return store;
    };
    try {
      const seen = await visibility(await Promise.all([open({}), open({})]), times(500, 5));
      const stores = await Promise.all(Array.from({ length: 10 }, () => open({ keyPrefix: 'ten:' })));
      const counts = times(5000, 20);
      await Promise.all(stores.slice(0, 2).map((store) => count(store, counts)));
      await untilEqual(stores, 'counter', 2 * counts);
      const loaded = await load(stores, times(10, 1), 5000);

      const [full] = [await open({ keyPrefix: 'full:' }), await open({ keyPrefix: 'full:' })];
      const keys = times(10_000, 100);
      for (let i = 0; i < keys; i += 1) {
        full.set('tab', `n${i}`, { i });
      }
      const stored = async () => (await client.keys('full:context:tab:*')).length === keys;
      await until(stored, { deadline: 30_000 });
      await client.flushall();
      const emptied = performance.now();
      await until(stored, { deadline: 30_000, interval: 10 });
      const refilled = performance.now() - emptied;

      const small = await open({ keyPrefix: 'small:', context: { maxTotal: 100_000 } });
      const sets = times(1_000_000, 1000);
      const heap = process.memoryUsage().rss;
      let refused = 0;
      for (let i = 0; i < sets; i += 1) {
        try {
          small.set('global', `over${i}`, 'x'.repeat(1000));
        } catch (error) {
          refused += error.code === 'ERR_VALKEY_CONTEXT_LIMIT' ? 1 : 0;
        }
        if (i % 10_000 === 0) {
          await turn();
        }
      }
      const grown = (process.memoryUsage().rss - heap) / 1e6;
      const kept = small.keys('global').length;
      return [
        line('visible on another instance, median', 'ms', ours(seen[Math.floor(seen.length / 2)]), atMost(2, 'ms')),
        line('the same, 99 of 100', 'ms', ours(seen[Math.floor(seen.length * 0.99)]), atMost(20, 'ms')),
        line(
          '10 instances, 5,000 writes a second: all equal after the end',
          'ms',
          ours(loaded.equal),
          atMost(1000, 'ms')
        ),
        line('longest stall of an event loop meanwhile', 'ms', ours(loaded.stalled), atMost(50, 'ms')),
        line(`2 × ${counts} shared.incr()`, '', ours(stores[2].get('global', 'counter')), exactly(2 * counts)),
        line(`a server emptied of ${keys} keys is filled`, 'ms', ours(refilled), atMost(1000, 'ms')),
        line(`${sets} writes over the limit: not refused`, '', ours(sets - refused - kept), exactly(0)),
        line('memory that they have left', 'MB', ours(grown), atMost(100, 'MB'))
      ];
    } finally {
      await Promise.all(opened.map(({ core }) => core.close()));
      await server.stop();
    }
  }
};
