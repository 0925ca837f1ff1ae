'use strict';

// A flood of messages on either channel: the worker serves on, with bounded memory and one read
// in flight.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { count } = require('./support/counts.js');
const { PREFIX, loginOf, startGuardedServer } = require('./support/users.js');
const { until } = require('../support/wait.js');

const MESSAGES = count(100_000, 1_000_000);
const MB = 1024 * 1024;

let server;
let client;
let admin;
let worker;
let version = 0;

before(async () => {
  server = await startGuardedServer();
  client = server.client();
  admin = await openInstance({ role: 'admin', server, valkey: loginOf('admin') });
  worker = await openInstance({ role: 'worker', server, valkey: loginOf('worker'), wait: false });
  await admin.deploy(++version);
  await until(() => worker.version === version);
});

after(async () => {
  await admin?.close();
  await worker?.close();
  await server?.stop();
});

/** How often something was read on the server. */
async function reads() {
  const [, calls] = /cmdstat_getrange:calls=(\d+)/.exec(await client.info('commandstats')) || [null, 0];
  return Number(calls);
}

const PUBLISH = "for i = 1, ARGV[2] do redis.call('PUBLISH', KEYS[1], ARGV[1]) end";
const CONTENT = {
  'small messages': 'x',
  'messages of 10 kB': 'x'.repeat(10_000),
  'no UTF-8': Buffer.from([0xff, 0x00, 0xfe])
};

for (const channel of ['flows:updated', 'packages:updated']) {
  for (const [what, message] of Object.entries(CONTENT)) {
    test(`${MESSAGES} on ${channel}: ${what}`, { timeout: 300_000 }, async (t) => {
      const memory = process.memoryUsage().rss;
      const readsBefore = await reads();
      const begin = performance.now();
      let most = 0;
      for (let sent = 0; sent < MESSAGES; sent += 2000) {
        await client.eval(PUBLISH, 1, `${PREFIX}${channel}`, message, 2000);
        most = Math.max(most, process.memoryUsage().rss - memory);
        // Deploys go through in the middle of it.
        if (sent === MESSAGES / 2) {
          await admin.deploy(++version);
        }
      }
      await until(() => worker.version === version, { deadline: 2000, message: `deploy ${version} on the worker` });
      const took = performance.now() - begin;
      const read = (await reads()) - readsBefore;
      t.diagnostic(`${took.toFixed(0)} ms, ${read} reads, ${(most / MB).toFixed(1)} MB more at most`);
      assert.ok(most < 50 * MB, `${most / MB} MB more`);
      // 64 looks at once and one every 50 ms at most, of up to four keys; the admin reads now and then, too.
      assert.ok(read > 0 && read < (took / 50) * 4 + 280, `${read} reads in ${took} ms`);
      await admin.deploy(++version);
      await until(() => worker.version === version, { deadline: 1000, message: 'a deploy after the flood' });
    });
  }
}

test(
  'a reader that is slower than the flood is cut off by the server, and comes back',
  { timeout: 60_000 },
  async () => {
    await client.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 1mb 1');
    const mark = worker.lines.length;
    const long = 'x'.repeat(1_000_000);
    await client.eval(PUBLISH, 1, `${PREFIX}flows:updated`, long, 60);
    await admin.deploy(++version);
    await until(() => worker.version === version, {
      deadline: 5000,
      message: () => `deploy ${version}: ${worker.lines.slice(mark)}`
    });
  }
);
