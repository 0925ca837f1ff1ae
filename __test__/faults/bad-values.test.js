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
/** The server takes values up to 512 MB; a part of that is as much noise in the quick form. */
const NOISE = (FULL ? 512 : 300) * MB - 1024;
const BOMB = 300 * MB;
const OURS = ['flows', 'credentials', 'settings', 'revision'];

const random = createRandom('bad values');
let server;
let client;
let admin;
let worker;
let version = 0;

const bomb = () => {
  const stream = zlib.createGzip({ level: 9 });
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
  'nothing': () => '',
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
  'a gzip bomb': bomb,
  'random bytes': () => random.bytes(3000),
  'a list': (key) => (multi) => multi.del(key).rpush(key, 'a', 'b'),
  'a hash': (key) => (multi) => multi.del(key).hset(key, 'a', 'b'),
  'no key at all': (key) => (multi) => multi.del(key)
};

const grownBy = () => process.memoryUsage().rss / MB;

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

async function put(key, value) {
  const multi = client.multi();
  if (typeof value === 'function') {
    value(multi);
  } else {
    multi.set(key, value);
  }
  multi.publish(`${PREFIX}flows:updated`, '1');
  for (const [error] of await multi.exec()) {
    assert.equal(error, null);
  }
}

/** Puts a bad value: nothing but it changes, and the admin makes it good by itself. */
async function suffer(name, value) {
  const key = `${PREFIX}${name}`;
  const good = await client.getBuffer(key);
  const ran = worker.ran.length;
  const from = { worker: worker.lines.length, admin: admin.lines.length };
  await put(key, typeof value === 'function' ? value(key) : value);
  const mended = async () => (await client.type(key)) === 'string' &&
    (name === 'revision' ? JSON.parse(await client.get(key)).owner : (await client.getBuffer(key)).equals(good));
  // The next deploy makes it good at the latest; a record that is gone or broken is seen before.
  if (name === 'revision') {
    await until(mended, { deadline: 8000, interval: 50, message: `record made good: ${admin.lines.slice(-5)}` });
  } else {
    const names = (line) => line.includes('[error]') && line.includes(key);
    const silent = !worker.lines.slice(from.worker).some(names);
    await deploy();
    assert.equal(await client.type(key), 'string');
    worker.silent = silent;
  }
  assert.equal(worker.version, version);
  assert.ok(worker.ran.slice(ran).every(({ flows, credentials }) => flows === credentials));
}

for (const name of OURS) {
  test(`bad values under '${name}'`, { timeout: 120_000 }, async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    for (const [what, make] of Object.entries(VALUES)) {
      const given = make.length > 0 ? make : await make();
      const memory = grownBy();
      await suffer(name, given).catch((error) => {
        throw new Error(`${what} under '${name}', seed ${SEED}: ${error.message}\n${worker.lines.slice(-10).join('\n')}`);
      });
      t.diagnostic(`${what}: ${(grownBy() - memory).toFixed(0)} MB`);
    }
  });
}
