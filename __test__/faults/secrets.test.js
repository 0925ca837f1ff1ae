'use strict';

// No secret in any log or error, whatever goes wrong. `npm run test:faults` searches the logs of
// the whole suite as well.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { credentialsOf, openInstance } = require('./support/addon.js');
const { MARK, SECRETS } = require('./support/secrets.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

let server;
const lines = [];
const errors = [];
const opened = [];

/** An instance whose log and errors are searched at the end. */
async function open(options) {
  const instance = await openInstance({
    server,
    wait: false,
    onLine: (level, text) => lines.push(`[${level}] ${text}`),
    ...options
  });
  opened.push(instance);
  return instance;
}

const keep = (promise) =>
  promise.catch((error) => {
    errors.push(`${error.message}\n${error.stack}\n${JSON.stringify(error, Object.getOwnPropertyNames(error))}`);
  });

before(async () => {
  server = await startGuardedServer();
});

after(async () => {
  await Promise.all(opened.map((instance) => instance.close()));
  await server?.stop();
});

test('wrong options that hold secrets', async () => {
  const bad = [
    { password: { a: MARK } },
    { password: [MARK] },
    { url: `redis://u:${MARK}@host:99999/x` },
    { url: `rediss://u:${MARK}@host` },
    { url: `http://${MARK}@host` },
    { username: [MARK] },
    { tls: { key: MARK, passphrase: MARK } },
    { sentinels: [{ host: 'a' }], sentinelPassword: MARK },
    { passwort: MARK },
    { Password: MARK },
    { passphrase: MARK },
    { key: MARK },
    { clusterPassword: MARK },
    { redisOptions: { password: MARK } },
    { password: MARK, port: 'x' },
    { url: `${MARK}` }
  ];
  for (const valkey of bad) {
    await keep(open({ role: 'worker', valkey }));
  }
  assert.ok(errors.length > 8, `${errors.length} were errors`);
});

test('log-ins that are refused, and a user without rights', async () => {
  const worker = await open({ role: 'worker', valkey: { username: 'worker', password: `${MARK}-wrong` } });
  await until(() => /refused the login/.test(worker.log()), { message: 'the refusal' });
  const stranger = await open({ role: 'worker', valkey: { ...loginOf('worker'), keyPrefix: 'other:' } });
  await until(() => /lacks a permission/.test(stranger.log()), { message: 'the refusal' });
  const admin = await open({ role: 'admin', valkey: { ...loginOf('worker') } });
  await keep(admin.started.then(() => admin.deploy(1)));
  const plain = await startServer();
  try {
    const unused = await open({ role: 'worker', server: plain, valkey: { password: SECRETS.worker } });
    await until(() => /password/.test(unused.log()), { message: 'the warning' });
  } finally {
    await plain.stop();
  }
});

test('deploys, credentials that do not decrypt, bad values', async () => {
  const client = server.client();
  await client.flushall();
  const admin = await open({ role: 'admin', valkey: loginOf('admin') });
  await admin.started;
  const worker = await open({ role: 'worker', valkey: loginOf('worker') });
  await admin.deploy(1);
  await until(() => worker.version === 1);
  const other = await open({
    role: 'worker',
    valkey: loginOf('worker'),
    settings: { credentialSecret: SECRETS.credentialSecret }
  });
  for (const [key, value] of [
    ['credentials', JSON.stringify(credentialsOf(2)).slice(0, -3)],
    ['credentials', `"${MARK}"`],
    ['credentials', JSON.stringify({ $: MARK })],
    ['settings', `{"_credentialSecret":"${MARK}`],
    ['settings', `["${MARK}"]`],
    ['flows', `[{"id":"${MARK}"}]`],
    ['flows', `[{"${MARK}`],
    ['revision', `{"owner":"${MARK}"`]
  ]) {
    const record = JSON.parse(await client.get('nodered:revision'));
    const from = worker.lines.length;
    const multi = client.multi().set(`nodered:${key}`, value);
    if (key !== 'revision') {
      multi.set('nodered:revision', JSON.stringify({ ...record, sequence: record.sequence + 1 }));
    }
    await multi.publish('nodered:flows:updated', '1').exec();
    if (key !== 'revision') {
      const names = (line) => line.includes('[error]') && line.includes(`nodered:${key}`);
      await until(() => worker.lines.slice(from).some(names), {
        message: () => `an error that names ${key}: ${worker.lines.slice(from)}`
      });
    }
    const wanted = worker.version + 1;
    await admin.deploy(wanted);
    await until(() => worker.version === wanted, { message: `deploy ${wanted}` });
  }
  await keep(worker.deploy(5));
  await keep(other.deploy(5));
});

test('not one of them is in a log or an error', () => {
  const told = [...lines, ...errors];
  assert.ok(lines.length > 30, `${lines.length} lines`);
  const found = told.filter((text) => text.includes(MARK));
  assert.deepEqual(found, []);
});
