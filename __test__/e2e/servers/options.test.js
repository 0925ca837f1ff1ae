'use strict';

// Options of the connection from settings.js on: functions, a unix socket, IPv6.

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('node:test');

const { startNodeRed } = require('../../support/node-red.js');
const { freePort } = require('../../support/port.js');
const { keepRunning } = require('../../support/running.js');
const { startServer } = require('../../support/server.js');
const { answers, valueFlow } = require('../../support/request-flow.js');

const keep = keepRunning();

const times = (text, pattern) => text.split('\n').filter((line) => pattern.test(line)).length;

test('a retryStrategy that throws keeps nobody from connecting', async () => {
  const port = await freePort();
  const connection = {
    host: '127.0.0.1',
    port,
    retryStrategy: () => {
      throw new Error('oh no');
    }
  };
  const worker = await keep(startNodeRed({ role: 'worker', connection, wait: 'listening' }));
  await worker.waitForLog(
    /\[ValkeyStorage\] option 'retryStrategy' threw Error: oh no; the default wait is used instead/
  );
  const server = await keep(startServer({ port }));
  await keep(startNodeRed({ role: 'admin', server, flows: valueFlow('here') }));
  await answers(worker, 'here');
  assert.equal(times(worker.logs, /'retryStrategy' threw/), 1, worker.tail());
});

test('a retryStrategy that returns null ends it, and the log says so once', async () => {
  const server = await keep(startServer());
  const admin = await keep(startNodeRed({ role: 'admin', server, flows: valueFlow('first') }));
  const worker = await keep(startNodeRed({ role: 'worker', server, valkey: { retryStrategy: () => null } }));
  await answers(worker, 'first');
  await server.restart();
  await worker.waitForLog(
    /\[ValkeyStorage\] option 'retryStrategy' allows no further attempt to connect to 127\.0\.0\.1:\d+, until Node-RED is restarted/
  );
  await admin.waitForLog(/Connected to[\s\S]*Connected to/);
  await admin.deploy(valueFlow('second'));
  // It runs on, and hears nothing.
  await assert.rejects(answers(worker, 'second', 3000));
  await answers(worker, 'first');
  assert.equal(times(worker.logs, /'retryStrategy' allows/), 1, worker.tail());
  await worker.restart({ valkey: {} });
  await answers(worker, 'second');
});

const hasIpv6 = () =>
  new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(0, '::1', () => probe.close(() => resolve(true)));
  });

test('an admin over a unix socket and a worker over IPv6', async (t) => {
  if (process.platform === 'win32' || !(await hasIpv6())) {
    t.skip('this machine has no unix sockets or no [::1]');
    return;
  }
  const server = await keep(startServer({ unixSocket: true, args: ['--bind', '127.0.0.1', '::1'] }));
  const admin = await keep(
    startNodeRed({ role: 'admin', connection: { path: server.socketPath }, flows: valueFlow('first') })
  );
  const worker = await keep(startNodeRed({ role: 'worker', connection: { url: `redis://[::1]:${server.port}` } }));
  await answers(worker, 'first');
  await admin.deploy(valueFlow('second'));
  await answers(worker, 'second');
  assert.ok(admin.logs.includes(`Connected to ${server.socketPath}`), admin.tail());
  assert.ok(worker.logs.includes(`Connected to [::1]:${server.port}`), worker.tail());
});
