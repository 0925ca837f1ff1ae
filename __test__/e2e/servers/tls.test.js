'use strict';

// TLS from settings.js to the server: a deploy reaches a worker, and what is wrong with a
// certificate is in the log and mended on the server, without a restart.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, test } = require('node:test');

const { Certificates } = require('../../support/certificates.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { answers, valueFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');

const PASSPHRASE = 'open sesame';
const read = (file) => fs.readFileSync(file, 'utf8');

let made;
let authority;
let running = [];

before(() => {
  made = new Certificates();
  authority = made.authority();
});

after(() => stopAll());

async function stopAll() {
  const all = running;
  running = [];
  await Promise.all(all.map((one) => one.stop()));
}

async function keep(starting) {
  const one = await starting;
  running.push(one);
  return one;
}

/** Starts an admin and a worker, deploys, and waits for the worker to run it. */
async function deployReachesWorker(server, connection, options = {}) {
  const admin = await keep(startNodeRed({ role: 'admin', flows: [], connection, ...options }));
  const worker = await keep(startNodeRed({ role: 'worker', connection, wait: 'listening', ...options }));
  for (const answer of ['first', 'second']) {
    await admin.deploy(valueFlow(answer));
    await answers(worker, answer);
  }
  for (const instance of [admin, worker]) {
    assert.match(instance.logs, /\[ValkeyStorage\] Connected to localhost:/);
    assert.doesNotMatch(instance.logs, /\[error\]/);
  }
  return { admin, worker };
}

test('a deploy reaches a worker over TLS', async () => {
  const server = await keep(startServer({ tls: made.server(authority), requirepass: 'a password' }));
  const connection = {
    host: 'localhost',
    port: server.tlsPort,
    password: 'a password',
    tls: { ca: read(authority.cert) }
  };
  const { worker } = await deployReachesWorker(server, connection);
  // The server can't do without its memory: everything it had went over TLS.
  await server.restart({ empty: true });
  await until(() => worker.logs.split('Connected to').length > 2, { message: 'the worker connected again' });
  await stopAll();
});

test('a deploy reaches a worker over mutual TLS, the key with a passphrase, the name by the user', async () => {
  const server = await keep(
    startServer({ tls: { ...made.server(authority, 'DNS:valkey.example'), clients: authority.cert } })
  );
  const client = made.client(authority, { kind: 'rsa' });
  const key = read(made.convert('pkcs8', client.key, '-topk8', '-passout', `pass:${PASSPHRASE}`));
  const tls = {
    ca: [read(authority.cert)],
    cert: Buffer.from(read(client.cert)),
    key,
    passphrase: PASSPHRASE,
    checkServerIdentity: (name, certificate) =>
      certificate.subjectaltname === 'DNS:valkey.example' ? undefined : new Error(`not ${name}`)
  };
  const { admin, worker } = await deployReachesWorker(server, { host: 'localhost', port: server.tlsPort, tls });
  for (const instance of [admin, worker]) {
    assert.ok(!instance.logs.includes(PASSPHRASE));
  }
  await stopAll();
});

test('rediss:// and NODE_EXTRA_CA_CERTS are enough', async () => {
  const server = await keep(startServer({ tls: made.server(authority) }));
  await deployReachesWorker(
    server,
    { url: `rediss://localhost:${server.tlsPort}` },
    { env: { NODE_EXTRA_CA_CERTS: authority.cert } }
  );
  await stopAll();
});

test('what is wrong with a certificate is said once and mended without a restart', async () => {
  const other = made.authority('Other CA');
  const server = await keep(startServer({ tls: made.server(other) }));
  const connection = { host: 'localhost', port: server.tlsPort, tls: { ca: read(authority.cert) } };
  const admin = await keep(startNodeRed({ role: 'admin', flows: [], connection }));
  const worker = await keep(startNodeRed({ role: 'worker', connection, wait: 'listening' }));
  const unknown =
    /\[error\] \[ValkeyStorage\] localhost:\d+: no TLS connection: .*'CN=Other CA', which is not in 'tls\.ca'/g;
  for (const instance of [admin, worker]) {
    await instance.waitForLog(new RegExp(unknown.source));
  }
  // What is deployed meanwhile is on the admin's disk, and not lost.
  await admin.deploy(valueFlow('meanwhile'));
  for (const [certificate, said] of [
    [made.server(authority, undefined, { days: -1 }), /the server's certificate expired on \d{4}-/],
    [made.server(authority, 'DNS:valkey.example'), /is for 'valkey\.example', and not for the name 'localhost'/]
  ]) {
    const from = worker.mark();
    await server.useCertificate(certificate);
    await worker.waitForLog(said, { from });
  }
  assert.equal(worker.logs.match(unknown).length, 1);
  const { pid } = worker;
  await server.useCertificate(made.server(authority));
  await answers(worker, 'meanwhile');
  await admin.deploy(valueFlow('mended'));
  await answers(worker, 'mended');
  assert.equal(worker.pid, pid);
  await stopAll();
});
