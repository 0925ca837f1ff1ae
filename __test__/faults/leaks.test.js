'use strict';

// Leaks: none, over thousands of deploys, connects and threads.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { after, before, test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { FULL, count } = require('./support/counts.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { spawnOwned } = require('../support/own-processes.js');
const { tempDir } = require('../support/temp-dir.js');
const { until } = require('../support/wait.js');

const MB = 1024 * 1024;
const DEPLOYS = count(400, 10_000);
/** The first few hundred deploys warm up caches and compiled code. */
const GROWTH = (FULL ? 5 : 25) * MB;
const CYCLES = count(10, 100);
const THREADS = count(20, 200);

let server;
const warnings = [];
const onWarning = (warning) => warnings.push(String(warning));

before(async () => {
  process.on('warning', onWarning);
  server = await startGuardedServer();
});

after(() => server?.stop());

/** Open file descriptors of this process; null where the system does not tell. */
const descriptors = () => (process.platform === 'linux' ? fs.readdirSync('/proc/self/fd').length : null);

async function connectionsOf(client, role) {
  return String(await client.client('LIST'))
    .split('\n')
    .filter((line) => line.includes(`user=${role} `)).length;
}

test(`${DEPLOYS} deploys: memory, sockets and descriptors stay`, { timeout: 3_600_000 }, async (t) => {
  // A process of its own, where the garbage can be collected before each look at the memory.
  const script = path.join(__dirname, 'support', 'deploy-many.js');
  const child = spawnOwned(
    process.execPath,
    [
      '--expose-gc',
      script,
      JSON.stringify({
        server: { host: server.host, port: server.port },
        deploys: DEPLOYS,
        users: { admin: loginOf('admin'), worker: loginOf('worker') }
      })
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] }
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  await until(() => child.exitCode !== null || child.signalCode !== null, {
    deadline: 3_500_000,
    interval: 100,
    message: 'end of the deploys'
  });
  assert.equal(child.exitCode, 0, errors);
  const { half, end } = JSON.parse(output);
  t.diagnostic(
    `after ${DEPLOYS / 2}: ${(half.rss / MB).toFixed(1)} MB, after ${DEPLOYS}: ${(end.rss / MB).toFixed(1)} MB; ` +
      `heap ${(half.heap / MB).toFixed(1)} and ${(end.heap / MB).toFixed(1)} MB; descriptors ${half.descriptors} and ${end.descriptors}`
  );
  assert.ok(end.rss - half.rss < GROWTH, `${((end.rss - half.rss) / MB).toFixed(1)} MB more`);
  assert.ok(end.descriptors <= half.descriptors);
  assert.equal(errors, '', 'no warnings');
});

test(`${CYCLES} times opened and closed: nothing is left`, { timeout: 600_000 }, async (t) => {
  const client = server.client();
  await client.flushall(); // also the lease of the last admin
  const dirs = { admin: tempDir('admin'), worker: tempDir('worker') };
  const cycle = async () => {
    const admin = await openInstance({ role: 'admin', server, userDir: dirs.admin, valkey: loginOf('admin') });
    const worker = await openInstance({
      role: 'worker',
      server,
      userDir: dirs.worker,
      valkey: loginOf('worker'),
      wait: false
    });
    await admin.deploy(1);
    await until(() => worker.version === 1, { interval: 2 });
    await Promise.all([admin.close(), worker.close()]);
    const listeners = [admin, worker].map(({ runtime }) => runtime.events.eventNames().length);
    assert.deepEqual(listeners, [0, 0], 'no listener is left at Node-RED');
  };
  for (let i = 0; i < 5; i += 1) {
    await cycle();
  }
  const before = descriptors();
  for (let i = 0; i < CYCLES; i += 1) {
    await cycle();
  }
  await until(async () => (await connectionsOf(client, 'admin')) + (await connectionsOf(client, 'worker')) === 0, {
    message: 'end of all connections'
  });
  // A file that was being written at the end is closed a moment after.
  await until(() => descriptors() <= before, { message: () => `${descriptors()} descriptors, ${before} before` });
  t.diagnostic(`descriptors ${before} and ${descriptors()}`);
  assert.deepEqual(warnings, []);
});

test(`${THREADS} worker threads started and terminated: no crash, no hang`, { timeout: 600_000 }, async (t) => {
  const client = server.client();
  // Each thread has a prefix of its own.
  await client.acl('SETUSER', 'worker', '%R~nodered:*');
  const script = path.join(__dirname, 'support', 'addon-thread.js');
  let ended = 0;
  for (let i = 0; i < THREADS; i += 1) {
    const role = i % 2 ? 'worker' : 'admin';
    const thread = new Worker(script, {
      workerData: {
        role,
        server: { host: server.host, port: server.port },
        valkey: { ...loginOf(role), keyPrefix: `nodered:${i}:` },
        userDir: tempDir(role)
      }
    });
    thread.on('error', (error) => {
      throw error;
    });
    // Some in the middle of their start, some while they deploy, some while they wait.
    if (i % 4 !== 0) {
      await new Promise((resolve) => thread.once('message', resolve));
    }
    await thread.terminate();
    ended += 1;
  }
  await until(async () => (await connectionsOf(client, 'admin')) + (await connectionsOf(client, 'worker')) === 0, {
    message: 'end of all connections of threads that are gone'
  });
  t.diagnostic(`${ended} threads${FULL ? '' : ' (quick)'}`);
});
