'use strict';

// Bad values in the keys beside the deploy: lease, sessions, library, index, packages. Instances
// start, deploy and serve all the same, and nobody's memory is filled.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { after, before, test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { FULL } = require('./support/counts.js');
const { SEED, createRandom } = require('./support/random.js');
const { PREFIX, loginOf, startGuardedServer } = require('./support/users.js');
const { until } = require('../support/wait.js');

const MB = 1024 * 1024;
const random = createRandom('beside');
const KEYS = ['lease', 'sessions', 'packages', 'library:functions:bad.js', 'index:library', 'index:library:functions:'];
const VALUES = {
  nothing: '',
  'not JSON': '{"a":',
  'wrong shape': '[1]',
  'no UTF-8': Buffer.from([0xff, 0xfe]),
  'a truncated gzip stream': zlib.gzipSync('{"a":1}').subarray(0, 15),
  'random bytes': random.bytes(500),
  'a list': (multi, key) => multi.rpush(key, 'a', 'b'),
  'a hash with strange fields': (multi, key) => multi.hset(key, '../x', '{', 'good', '5', '\0', '[]'),
  'a set': (multi, key) => multi.sadd(key, 'a'),
  [`${FULL ? 500 : 100} MB of noise`]: (multi, key) =>
    multi.eval(
      "for i = 1, ARGV[2] do redis.call('APPEND', KEYS[1], ARGV[1]) end",
      1,
      key,
      crypto.randomBytes(MB),
      FULL ? 500 : 100
    )
};

let server;
let client;
let version = 0;

before(async () => {
  server = await startGuardedServer({ editor: true, args: ['--proto-max-bulk-len', '1gb'] });
  client = server.client();
});

after(() => server?.stop());

/** The answer, or the code of the error, which has to be one of ours. */
const outcome = (promise) =>
  promise.then(
    (value) => value,
    (error) => {
      assert.match(error.code || '', /^ERR_VALKEY_/, `${error.stack}`);
      return error.code;
    }
  );

for (const key of KEYS) {
  test(`bad values under '${key}'`, { timeout: 300_000 }, async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    let most = 0;
    for (const [what, value] of Object.entries(VALUES)) {
      await client.flushall();
      const multi = client.multi();
      if (typeof value === 'function') {
        value(multi, `${PREFIX}${key}`);
      } else {
        multi.set(`${PREFIX}${key}`, value);
      }
      for (const [error] of await multi.exec()) {
        assert.equal(error, null);
      }
      const memory = process.memoryUsage().rss;
      const admin = await openInstance({ role: 'admin', server, valkey: loginOf('admin') });
      const worker = await openInstance({ role: 'worker', server, valkey: loginOf('worker'), wait: false });
      const told = () => `${what} under '${key}', seed ${SEED}\n${admin.log()}\n---\n${worker.log()}`;
      try {
        const [sessions, body, listing] = await Promise.all([
          outcome(worker.storage.getSessions()),
          outcome(worker.storage.getLibraryEntry('functions', 'bad.js')),
          outcome(worker.storage.getLibraryEntry('functions', ''))
        ]);
        assert.ok(sessions && body !== undefined && listing, told());
        if (key === 'sessions') {
          assert.deepEqual(sessions, {}, told());
          const isNamed = worker.log().includes(`the value of key '${PREFIX}sessions' can't be used`);
          assert.equal(isNamed, what !== 'nothing', told());
        }
        version += 1;
        await until(() => outcome(admin.deploy(version)).then((answer) => answer === undefined), {
          message: 'a deploy'
        });
        await until(() => worker.version === version, { message: `deploy ${version}` });
        await outcome(admin.storage.saveLibraryEntry('functions', 'good.js', { name: 'n' }, 'good'));
        await outcome(admin.storage.saveSessions({ a: { user: 'u' } }));
      } catch (error) {
        error.message += `\n${told()}`;
        throw error;
      } finally {
        most = Math.max(most, process.memoryUsage().rss - memory);
        await Promise.all([admin.close(), worker.close()]);
      }
    }
    t.diagnostic(`at most ${(most / MB).toFixed(0)} MB more`);
    assert.ok(most < 100 * MB);
  });
}
