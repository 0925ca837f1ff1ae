'use strict';

// Deploys reach every worker in place, whatever was missed; what they leave alone is not disturbed.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startProxy } = require('../../support/proxy.js');
const { requestFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');
const { USERS, answerFlow, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { untilConverged } = require('./support/converged.js');
const { startSteadyLoad } = require('./support/steady-load.js');

/** A tab of its own that counts its requests in the flow context. */
const COUNTER = requestFlow('count', {
  type: 'function',
  outputs: 1,
  func: "const n = (flow.get('n') || 0) + 1; flow.set('n', n); msg.payload = String(n); return msg;"
});
const flows = (version) => [...COUNTER, ...answerFlow(version)];
const CONVERGED = 5000; // each, on however busy a machine; the median is to be as promised
const PROMISED = 1000;
const RECOVERED = 2000; // promised, from the moment that the connection is back

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];

let server;
let proxy;
let admin;
let workers;
let behindProxy;
let deaf;

before(async () => {
  server = await startServerWithUsers();
  proxy = await startProxy(server);
  admin = await startInstance('admin', server, { flows: flows('start') });
  [behindProxy, ...workers] = await Promise.all([
    startInstance('worker', proxy),
    startInstance('worker', server),
    // Hears no announcement at all: only its periodic look is left.
    startInstance('worker', server, { valkey: { updateChannel: 'nodered:another-channel' } })
  ]);
  deaf = workers.pop();
  workers.push(behindProxy);
});

after(async () => {
  await stopAll();
  await proxy?.close();
});

async function deploy(version) {
  await admin.deploy(flows(version), { type: 'nodes' });
}

test('twenty deploys in a row reach two workers, which stay the same processes', async (t) => {
  const pids = workers.map(({ pid }) => pid);
  const all = [];
  for (let i = 1; i <= 20; i += 1) {
    await deploy(`row-${i}`);
    const times = await Promise.all(workers.map((worker) => untilConverged(worker, `row-${i}:none`, CONVERGED)));
    all.push(...times);
  }
  t.diagnostic(
    `after the deploy's answer: median ${Math.round(median(all))} ms, slowest ${Math.round(Math.max(...all))} ms`
  );
  assert.ok(median(all) <= PROMISED, `median of ${Math.round(median(all))} ms`);
  for (const worker of workers) {
    assert.ok(worker.running);
    assert.equal((worker.logs.match(/Started flows/g) || []).length, 1, 'flows were started as a whole once');
  }
  assert.deepEqual(
    workers.map(({ pid }) => pid),
    pids
  );
});

test('several deploys in quick succession end at the last one', async () => {
  await Promise.all([1, 2, 3, 4, 5].map((i) => deploy(`burst-${i}`)));
  await deploy('burst-last');
  await Promise.all(workers.map((worker) => untilConverged(worker, 'burst-last:none', CONVERGED)));
});

test('deploys that change another tab fail no request and keep the context', async (t) => {
  const [worker] = workers;
  const load = startSteadyLoad(worker, '/count');
  for (let i = 1; i <= 10; i += 1) {
    const due = load.sent + 40;
    await deploy(`tab-${i}`);
    await untilConverged(worker, `tab-${i}:none`, CONVERGED);
    await until(() => load.sent >= due, { message: 'steady requests' });
  }
  const { answers, failures, sent } = await load.stop();
  t.diagnostic(`${sent} requests while ten deploys were taken over`);
  assert.deepEqual(failures, []);
  const counts = answers.map(Number).sort((a, b) => a - b);
  assert.deepEqual(
    counts,
    counts.map((_, i) => i + 1),
    'every request was counted once, none began anew'
  );
  assert.equal(counts.length, sent);
});

/** The clients on the server that listen to channels, as far as they are this user's. */
async function subscribers(client, user) {
  const list = await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub');
  return list.split('\n').filter((line) => line.includes(` user=${user} `)).length;
}

test('a deploy while subscriptions are cut, and nothing else, is caught up', async (t) => {
  const client = server.client();
  const worker = USERS.worker.username;
  const listening = await subscribers(client, worker);
  assert.equal(listening, workers.length + 1, 'each worker, the deaf one too, listens');
  // Nobody may subscribe from here on, so that the deploy falls into the gap.
  await client.call('ACL', 'SETUSER', worker, '-subscribe');
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await deploy('killed');
  assert.equal(await subscribers(client, worker), 0, 'the deploy was announced to nobody');
  await client.call('ACL', 'SETUSER', worker, '+subscribe');
  const times = await Promise.all(
    workers.map(async (instance) => {
      await until(async () => (await subscribers(client, worker)) === listening, { message: 'subscriptions' });
      return untilConverged(instance, 'killed:none', CONVERGED);
    })
  );
  t.diagnostic(`slowest worker: ${Math.round(Math.max(...times))} ms after all listen again`);
  assert.ok(Math.max(...times) <= RECOVERED, `${times} ms`);
});

test('a deploy while a worker has no connection at all is caught up when it has one', async (t) => {
  proxy.cut();
  await deploy('gap');
  await untilConverged(workers[0], 'gap:none', CONVERGED);
  assert.equal((await behindProxy.http('/answer')).text, 'killed:none', 'runs on as it was');
  const mark = behindProxy.mark();
  proxy.resume();
  // Not before a wait of retryStrategy is over.
  await behindProxy.waitForLog(/\[ValkeyStorage\] Connected to /, { from: mark });
  const ms = await untilConverged(behindProxy, 'gap:none', CONVERGED);
  t.diagnostic(`${Math.round(ms)} ms after the connection was back`);
  assert.ok(ms <= RECOVERED, `${ms} ms`);
});

test('a deploy whose announcement is lost is caught up by the periodic look', async (t) => {
  await deploy('unheard');
  const ms = await untilConverged(deaf, 'unheard:none', 35_000);
  t.diagnostic(`${Math.round(ms)} ms (promised: 30000)`);
});
