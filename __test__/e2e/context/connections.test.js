'use strict';

// The context where the connection is more than one server: over TLS, through the failover of Sentinels and of a Cluster.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');

const { Certificates } = require('../../support/certificates.js');
const { raw, startNodeRed } = require('../../support/node-red.js');
const { keepRunning } = require('../../support/running.js');
const { startWatched } = require('../../support/sentinel.js');
const { startServer } = require('../../support/server.js');
const { startCluster } = require('../../support/valkey-cluster.js');
const { CONTEXT, run, runFlow } = require('./support/context-flow.js');
const { MODULE, untilReturns } = require('./support/instances.js');

// An election takes its time.
const FAILOVER = 30_000;

const keep = keepRunning();

/** An admin and a worker that share their context over this connection. */
async function sharing(connection) {
  const settings = {
    functionGlobalContext: raw(`{ shared: require(${JSON.stringify(CONTEXT)}).shared }`),
    contextStorage: { default: { module: MODULE } }
  };
  const admin = await keep(startNodeRed({ role: 'admin', connection, flows: runFlow(), settings }));
  const worker = await keep(startNodeRed({ role: 'worker', connection, settings }));
  return [admin, worker];
}

/** Values go both ways, and a count is one step. */
async function share([admin, worker], value, deadline) {
  await run(admin, `global.set("a", ${JSON.stringify(value)});`);
  await untilReturns(worker, 'return global.get("a");', value, deadline);
  await run(worker, `flow.set("b", ${JSON.stringify(value)});`);
  await untilReturns(admin, 'return flow.get("b");', value, deadline);
}

const COUNT = 'const n = shared.incr(); global.set("n", n); return n;';

/** Counts something else until the server takes it again. */
async function countAgain(instance, deadline) {
  const counted =
    'const up = shared.incr(); global.set("up", up); try { return (await up) > 0; } catch { return false; }';
  await untilReturns(instance, counted, true, deadline);
}

test('over TLS', async () => {
  const made = new Certificates();
  const authority = made.authority();
  const server = await keep(startServer({ tls: made.server(authority), requirepass: 'a password' }));
  const instances = await sharing({
    host: 'localhost',
    port: server.tlsPort,
    password: 'a password',
    tls: { ca: fs.readFileSync(authority.cert, 'utf8') }
  });
  await share(instances, 'first');
  assert.equal(await run(instances[0], COUNT), 1);
  // The server can't do without its memory, and is given it again.
  await server.restart({ empty: true });
  await share(instances, 'second', FAILOVER);
  await countAgain(instances[0], FAILOVER);
  assert.equal(await run(instances[1], COUNT), 2);
});

test('through a failover of Sentinels', async () => {
  const watched = await keep(startWatched({ users: ['user context on >c-secret ~* &* +@all'] }));
  const instances = await sharing(watched.connection({ username: 'context', password: 'c-secret' }));
  await share(instances, 'first');
  assert.equal(await run(instances[0], COUNT), 1);
  const master = await watched.master();
  await run(instances[0], 'global.set("late", 1);');
  await master.kill('SIGKILL');
  await run(instances[0], 'global.set("meanwhile", 2);');
  await watched.promotedAfter(master);
  await share(instances, 'second', FAILOVER);
  await untilReturns(instances[1], 'return [global.get("late"), global.get("meanwhile")];', [1, 2], FAILOVER);
  await countAgain(instances[0], FAILOVER);
  assert.equal(await run(instances[1], COUNT), 2);
});

test('on a Cluster whose slot moves and whose owner is killed', async () => {
  const cluster = await keep(startCluster({ users: ['user context on >c-secret ~* &* +@all'] }));
  const instances = await sharing(cluster.connection({ username: 'context', password: 'c-secret' }));
  await share(instances, 'first');
  assert.equal(await run(instances[0], COUNT), 1);
  const key = '{nodered}:flows';
  const owner = await cluster.owner(key);
  const target = cluster.nodes.slice(0, 3).find((node) => node !== owner);
  await cluster.moveSlot(key, target);
  await share(instances, 'moved', FAILOVER);
  await target.kill('SIGKILL');
  await run(instances[0], 'global.set("meanwhile", 2);');
  await share(instances, 'after', FAILOVER);
  await untilReturns(instances[1], 'return global.get("meanwhile");', 2, FAILOVER);
  await countAgain(instances[0], FAILOVER);
  assert.equal(await run(instances[1], COUNT), 2);
});
