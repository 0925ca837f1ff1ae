'use strict';

// Bad values in every key: workers keep what they run, the admin mends what is its own, and the
// log names the key.

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
/** In MB; the server takes values up to 512 MB. */
const NOISE = FULL ? 511 : 100;
const BOMB = 300 * MB;
const OURS = ['flows', 'credentials', 'settings', 'revision'];

const random = createRandom('bad values');
let server;
let client;
let admin;
let worker;
let version = 0;

/** 300 MB of spaces in 1 MB: more than the ceiling. */
const bomb = () => {
  const stream = zlib.createGzip({ level: 1 });
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  const done = new Promise((resolve) => stream.on('end', () => resolve(Buffer.concat(parts))));
  for (let written = 0; written < BOMB; written += 10 * MB) {
    stream.write(Buffer.alloc(10 * MB, ' '));
  }
  stream.end();
  return done;
};

const VALUES = {
  nothing: () => '',
  'not JSON': () => '{"half of a',
  'wrong shape': () => '[1,2,[3]]',
  'another shape': () => '{"a":{"b":null}}',
  'a number': () => '42',
  'no UTF-8': () => Buffer.from([0x5b, 0xff, 0xfe, 0x5d]),
  'a truncated gzip stream': () => zlib.gzipSync('[{"id":"a","type":"tab"}]').subarray(0, 20),
  'a gzip stream with a wrong checksum': () => {
    const stream = zlib.gzipSync('[{"id":"a","type":"tab"}]');
    stream[stream.length - 6] ^= 0xff;
    return stream;
  },
  'base64 of nothing': () => 'gzip:%%%%',
  'deep nesting': () => '['.repeat(200_000),
  ...(FULL ? { 'a gzip bomb': bomb } : {}),
  'random bytes': () => random.bytes(3000),
  'a list': (key) => (multi) => multi.del(key).rpush(key, 'a', 'b'),
  'a hash': (key) => (multi) => multi.del(key).hset(key, 'a', 'b'),
  'no key at all': (key) => (multi) => multi.del(key)
};

const residentMb = () => process.memoryUsage().rss / MB;

before(async () => {
  server = await startGuardedServer({ args: ['--proto-max-bulk-len', '1gb', '--save', ''] });
  client = server.client();
  admin = await openInstance({ role: 'admin', server, valkey: loginOf('admin') });
  worker = await openInstance({ role: 'worker', server, valkey: loginOf('worker'), wait: false });
  await deploy();
});

after(async () => {
  await admin?.close();
  await worker?.close();
  await server?.stop();
});

async function deploy() {
  version += 1;
  await admin.deploy(version);
  await until(() => worker.version === version, { message: () => `deploy ${version}; ${worker.lines.slice(-5)}` });
}

/** Puts a value with a record that announces it, as a writer would that knows no better. */
async function put(key, value) {
  const record = await client.get(`${PREFIX}revision`);
  const multi = client.multi();
  if (typeof value === 'function') {
    value(multi);
  } else {
    multi.set(key, value);
  }
  if (key !== `${PREFIX}revision`) {
    const { sequence, ...rest } = JSON.parse(record);
    multi.set(`${PREFIX}revision`, JSON.stringify({ ...rest, sequence: sequence + 1 }));
  }
  multi.publish(`${PREFIX}flows:updated`, '1');
  for (const [error] of await multi.exec()) {
    assert.equal(error, null);
  }
}

/** Waits until everything is stored as the admin has it on disk. */
async function untilMended(good, deadline) {
  await until(
    async () => {
      for (const [key, value] of good) {
        const is = await client.getBuffer(key);
        if (key === `${PREFIX}revision` ? JSON.parse(is).flows !== JSON.parse(value).flows : !is.equals(value)) {
          return false;
        }
      }
      return true;
    },
    { deadline, interval: 50, message: 'mend by the admin' }
  );
}

/** Puts a bad value; returns whether the worker said so at once, and how long the admin took. */
async function suffer(name, value, { alone }) {
  const key = `${PREFIX}${name}`;
  const keys = OURS.map((each) => `${PREFIX}${each}`);
  const good = await Promise.all(keys.map(async (each) => [each, await client.getBuffer(each)]));
  const runs = worker.ran.length;
  const from = worker.lines.length;
  await put(key, typeof value === 'function' ? value(key) : value);
  const said = () => worker.lines.slice(from).find((line) => line.includes('[error]') && line.includes(`'${key}'`));
  if (name !== 'revision' && value !== VALUES['no key at all']) {
    await until(said, { deadline: 20_000, interval: 10, message: 'error of the worker that names the key' });
  }
  assert.equal(worker.version, version, 'what ran runs on');
  const begin = performance.now();
  if (alone) {
    await untilMended(good, 12_000);
  } else {
    await deploy();
  }
  assert.equal(worker.version, version);
  assert.ok(worker.ran.slice(runs).every(({ flows, credentials }) => flows === credentials));
  return performance.now() - begin;
}

for (const name of OURS) {
  test(`bad values under '${name}'`, { timeout: 300_000 }, async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    for (const [what, make] of Object.entries(VALUES)) {
      if (what === 'another shape' && (name === 'credentials' || name === 'settings')) {
        continue; // an object, as it should be
      }
      if (!FULL && name !== 'flows' && what !== 'no key at all' && random.whole(1, 3) > 1) {
        continue; // a third of them in the quick form
      }
      const given = make.length > 0 ? make : await make();
      const memory = residentMb();
      try {
        await suffer(name, given, { alone: FULL || (what === 'no key at all' && name === 'credentials') });
      } catch (error) {
        error.message = `${what}, seed ${SEED}: ${error.message}\n${worker.lines.slice(-10).join('\n')}\n${admin.lines.slice(-10).join('\n')}`;
        throw error;
      }
      if (residentMb() - memory > 20) {
        t.diagnostic(`${what}: ${(residentMb() - memory).toFixed(0)} MB more`);
      }
    }
  });
}

test(`${NOISE} MB of noise under each key`, { timeout: 300_000 }, async (t) => {
  const noise = crypto.randomBytes(MB);
  for (const name of FULL ? OURS : ['flows']) {
    // Made on the server, so that this process has nothing of it.
    const grow = (key) => (multi) =>
      multi.eval(
        "redis.call('DEL', KEYS[1]) for i = 1, ARGV[2] do redis.call('APPEND', KEYS[1], ARGV[1]) end",
        1,
        key,
        noise,
        NOISE
      );
    const memory = residentMb();
    const took = await suffer(name, grow, { alone: false });
    const more = residentMb() - memory;
    t.diagnostic(`${name}: ${took.toFixed(0)} ms, ${more.toFixed(0)} MB more`);
    assert.ok(more < 100, `${more} MB more in admin and worker`);
  }
});
