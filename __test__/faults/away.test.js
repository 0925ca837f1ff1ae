'use strict';

// Deploys while Valkey is away: answered within 5 s, on disk, and on every worker within 2 s of
// both having their connection back.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { openProxiedInstances } = require('./support/proxied-instances.js');
const { FULL } = require('./support/counts.js');
const { pause } = require('./support/faults.js');

const ANSWER_WITHIN = 5000;
/** Ten minutes with every wait before a reconnect a fiftieth of what it is by default. */
const SCALED = { seconds: 12, valkey: { retryStrategy: (times) => Math.min(times, 40) } };
const TIMES = FULL ? { '10 s': { seconds: 10 }, '10 min in scaled time': SCALED } : { '3 s': { seconds: 3 } };

const ENDS = {
  'killed, back empty': { begin: ({ server }) => server.kill(), end: ({ server }) => server.restart({ empty: true }) },
  'killed, back with its data': { begin: ({ server }) => server.kill(), end: ({ server }) => server.restart() },
  hung: { begin: ({ server }) => server.pause(), end: ({ server }) => server.resume() },
  'cut off': {
    begin: ({ members }) => members.forEach(({ proxy }) => proxy.cut()),
    end: ({ members }) => members.forEach(({ proxy }) => proxy.resume())
  }
};

for (const [time, { seconds, valkey }] of Object.entries(TIMES)) {
  test(`Valkey away for ${time}`, { timeout: 300_000 }, async (t) => {
    const clusters = await Promise.all(
      Object.entries(ENDS).map(async ([how, ways]) => {
        const cluster = await openProxiedInstances(how.replace(/\W+/g, '-'), { valkey });
        return { how, cluster, ...ways };
      })
    );
    try {
      await Promise.all(
        clusters.map(async ({ how, cluster, begin, end }) => {
          await cluster.deploy();
          await cluster.converge();
          await begin(cluster);
          const until = performance.now() + seconds * 1000;
          do {
            await cluster.deploy();
            const onDisk = JSON.parse(fs.readFileSync(path.join(cluster.admin.userDir, 'flows.json'), 'utf8'));
            assert.equal(onDisk.find(({ id }) => id === 'node').version, cluster.version);
            await pause(300);
          } while (performance.now() < until);
          assert.ok(
            cluster.workers.every(({ instance }) => instance.version === 1),
            'workers run on meanwhile'
          );
          await end(cluster);
          const { back, converged } = await cluster.converge().catch((error) => {
            throw new Error(`${how}: ${error.message}\n${cluster.logs()}`);
          });
          const slowest = Math.max(...cluster.deployTimes);
          t.diagnostic(
            `${how}: ${cluster.version} deploys, the slowest answered in ${slowest.toFixed(0)} ms; ` +
              `connected ${back.toFixed(0)} ms after, converged ${converged.toFixed(0)} ms later`
          );
          assert.ok(slowest < ANSWER_WITHIN);
          assert.deepEqual(cluster.problems, []);
          assert.match(cluster.admin.log(), /\[warn\] \[ValkeyStorage\] saved on disk; workers are not updated yet/);
        })
      );
    } finally {
      await Promise.all(clusters.map(({ cluster }) => cluster.close()));
    }
  });
}
