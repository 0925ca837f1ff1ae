'use strict';

// Probes of real Node-RED processes, on a port of their own.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  USERS,
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');

const DEADLINE = 60_000;

let server;
let admin;
let adminPort;
const secrets = [USERS.admin.password, USERS.worker.password, 'token-of-the-flow'];

before(async () => {
  server = await startServerWithUsers();
  await server.kill();
});

after(stopAll);

async function probe(port, path = '/health/ready') {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  for (const secret of [...secrets, '127.0.0.1', String(server.port)]) {
    assert.ok(!text.includes(secret), `no ${secret} in ${text}`);
  }
  return { status: response.status, ...JSON.parse(text) };
}

function startWorker({ port, health, ...options }) {
  return startInstance('worker', server, {
    deadline: DEADLINE,
    ...options,
    valkey: { health: { port, host: '127.0.0.1', ...health } }
  });
}

/** Waits until the probe says so; returns what it said. */
function untilReady(port, ready, fits = () => true) {
  let last;
  return until(
    async () => {
      last = await probe(port);
      return last.ready === ready && fits(last) && last;
    },
    { deadline: DEADLINE, message: () => `ready: ${ready}, but ${JSON.stringify(last)}` }
  );
}

test('a worker: not ready while Valkey was never there, ready once its flows run', async () => {
  const port = await freePort();
  const worker = await startWorker({
    port,
    wait: 'listening',
    settings: { httpNodeAuth: { user: 'u', pass: '$2b$08$wuAqPiKJlVN27eF5qJp.RuQYuy6ZYONW7a/UWYxDTtwKFCdB8F19y' } }
  });
  const waiting = await probe(port);
  assert.deepEqual([waiting.status, waiting.ready, waiting.flows, waiting.revision], [503, false, 'loading', null]);
  assert.ok(waiting.missing.includes('flows: loading'), waiting.missing.join());
  assert.deepEqual(await probe(port, '/health/live'), { status: 200, live: true });

  await server.restart();
  adminPort = await freePort();
  admin = await startInstance('admin', server, {
    flows: answerFlow('first'),
    deadline: DEADLINE,
    valkey: { health: { port: adminPort, host: '127.0.0.1' } }
  });
  const ready = await untilReady(port, true);
  assert.equal(ready.status, 200);
  assert.deepEqual(
    [ready.role, ready.connection, ready.flows, ready.copyAge, ready.missing],
    ['worker', 'ready', 'running', null, []]
  );
  const ofAdmin = await untilReady(adminPort, true, ({ mirrored }) => mirrored);
  assert.equal(ofAdmin.revision, ready.revision);
  await admin.deploy(answerFlow('second', { token: 'token-of-the-flow' }));
  await until(async () => (await probe(port)).revision !== ready.revision, {
    deadline: DEADLINE,
    message: 'the deploy'
  });
  assert.equal((await probe(adminPort)).revision, (await probe(port)).revision);

  // The listener is not Node-RED's own: neither its login nor httpAdminRoot concern it.
  assert.equal((await worker.http('/health/ready')).status, 401);
});

test('Valkey lost: the worker stays ready, as long as maxAge allows, and so it is at a start', async () => {
  const [patient, strict] = [await freePort(), await freePort()];
  const first = await startWorker({ port: patient });
  const second = await startWorker({ port: strict, health: { maxAge: 2 } });
  await untilReady(patient, true);
  await untilReady(strict, true);
  await server.kill();
  const alone = await untilReady(patient, true, ({ connection }) => connection === 'reconnecting');
  assert.equal(typeof alone.copyAge, 'number');
  assert.match(alone.notes[0], /what runs was seen in Valkey \d+ s ago/);
  const old = await untilReady(strict, false);
  assert.match(old.missing[0], /more than 'maxAge' allows \(2 s\)/);
  await untilAnswer(second, 'second:token-of-the-flow', DEADLINE);

  await first.restart();
  const copied = await untilReady(patient, true);
  assert.equal(copied.connection, 'reconnecting');
  await untilAnswer(first, 'second:token-of-the-flow', DEADLINE);

  await server.restart();
  await untilReady(strict, true, ({ connection, copyAge }) => connection === 'ready' && copyAge === null);
});

test('a package that can not be installed is told by a new worker, which is ready', async () => {
  await server.client().set(`${PREFIX}packages`, '{"node-red-contrib-gone":"1.0.0"}');
  const port = await freePort();
  const registry = `http://127.0.0.1:${await freePort()}/`;
  const worker = await startWorker({ port, files: { '.npmrc': `registry=${registry}\nfetch-retries=0\n` } });
  const ready = await untilReady(port, true);
  assert.deepEqual([ready.packages, ready.notes], ['not in step', ['packages: not in step (node-red-contrib-gone)']]);
  await untilAnswer(worker, 'second:token-of-the-flow', DEADLINE);
  await worker.stop();
  // What a supervisor would start again, on the same disk, counts from when this one was stopped.
  const noted = path.join(worker.userDir, '.node-red-storage-valkey/last-good-copy.seen.json');
  const { saved, seen } = JSON.parse(fs.readFileSync(noted, 'utf8'));
  assert.ok(Math.abs(seen - saved) < DEADLINE, `${seen} after ${saved}`);
  await server.client().set(`${PREFIX}packages`, '{}');
});

test('a second admin is not ready while the first is in charge', async () => {
  // The lease was lost with the server: the first has to have it again.
  await untilReady(adminPort, true, ({ connection, mirrored }) => connection === 'ready' && mirrored);
  const port = await freePort();
  const second = await startInstance('admin', server, {
    flows: answerFlow('rival'),
    deadline: DEADLINE,
    valkey: { health: { port, host: '127.0.0.1' } }
  });
  const refused = await untilReady(port, false, ({ flows }) => flows === 'running');
  assert.deepEqual(refused.missing, ['lease: another admin is active on this key prefix']);
  await second.stop();
});

test('a port that is taken does not keep flows from running', async () => {
  const holder = net.createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address();
  const worker = await startWorker({ port });
  assert.match(
    worker.logs,
    /\[error\] \[ValkeyStorage\] option 'health': can't listen on 127\.0\.0\.1, port \d+ \(EADDRINUSE/
  );
  await untilAnswer(worker, 'second:token-of-the-flow', DEADLINE);
  const mark = worker.mark();
  await new Promise((resolve) => holder.close(resolve));
  await worker.waitForLog(/probes are answered at/, { from: mark, deadline: DEADLINE });
  await untilReady(port, true);
});

test('by default nothing listens, and the end of the process waits for no probe', async () => {
  const silent = await startInstance('worker', server, { deadline: DEADLINE });
  assert.doesNotMatch(silent.logs, /probes/);
  const port = await freePort();
  const worker = await startWorker({ port });
  const hanging = net.connect(port, '127.0.0.1');
  await new Promise((resolve) => hanging.once('connect', resolve));
  hanging.on('error', () => {});
  await worker.stop();
  assert.equal(worker.child.signalCode || worker.child.exitCode, 0);
  hanging.destroy();
  await assert.rejects(probe(port));
});
