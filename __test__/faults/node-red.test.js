'use strict';

// The same promises with real Node-RED processes: random faults in continuous deploys, and an
// admin that is killed in the middle of them.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { count } = require('./support/counts.js');
const { pause } = require('./support/faults.js');
const { keepLog } = require('./support/kept-logs.js');
const { SEED, createRandom } = require('./support/random.js');
const { tokenOf } = require('./support/secrets.js');
const { startGuardedServer, loginOf } = require('./support/users.js');
const { answerFlow, startInstance } = require('../e2e/support/admin-and-workers.js');
const { untilConverged } = require('../e2e/deploys/support/converged.js');
const { startProxy } = require('../support/proxy.js');

const ROUNDS = count(5, 60);
// 2 s from the connection on, and a reconnect may take 3 s.
const CONVERGED_WITHIN = 5000;
const ANSWER_WITHIN = 5000;

const FAULTS = {
  async 'the server is killed and comes back with its data'({ server }, random) {
    await server.kill();
    await pause(random.whole(0, 500));
    return () => server.restart();
  },
  async 'the server comes back empty, after some deploys'({ server, deploy }) {
    await server.kill();
    await deploy();
    await deploy();
    return () => server.restart({ empty: true });
  },
  async 'the server hangs for a while'({ server }, random) {
    server.pause();
    await pause(random.whole(50, 1500));
    return () => server.resume();
  },
  async 'the worker is cut off'({ proxy, deploy }) {
    proxy.cut();
    await deploy();
    return () => proxy.resume();
  },
  async 'what the worker sends and gets is delayed'({ proxy, deploy }) {
    proxy.blackhole();
    await deploy();
    return () => proxy.resume();
  },
  async 'the admin is killed in the middle of a deploy'({ admin, deploy }, random) {
    const answer = deploy().catch(() => {});
    await pause(random.whole(0, 60));
    admin.kill();
    await admin.waitUntilEnded();
    await answer;
    return () => admin.restart();
  },
  async 'all connections are killed at the server'({ client, deploy }) {
    await client.client('KILL', 'TYPE', 'pubsub');
    await client.client('KILL', 'USER', 'worker');
    await client.client('KILL', 'USER', 'admin');
    await deploy();
    return () => {};
  }
};

const versionOf = (answer) => /^(\d+):.*-(\d+)$/.exec(answer);

test(`real Node-RED: ${ROUNDS} random faults`, { timeout: 1_800_000 }, async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`);
  const random = createRandom('node-red');
  const server = await startGuardedServer({ persist: true });
  const proxy = await startProxy({ port: server.port });
  const admin = await startInstance('admin', server, { user: loginOf('admin'), flows: answerFlow(0) });
  const worker = await startInstance('worker', proxy, { user: loginOf('worker') });
  let version = 0;
  const took = [];
  const deploy = async () => {
    version += 1;
    const begin = performance.now();
    await admin.deploy(answerFlow(version, { token: tokenOf(version) }));
    took.push(performance.now() - begin);
  };
  const cluster = { server, proxy, admin, worker, client: server.client(), deploy };
  const times = [];
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const name = random.of(Object.keys(FAULTS));
      try {
        await deploy();
        const heal = await FAULTS[name](cluster, random);
        await heal();
        const begin = performance.now();
        if (name === 'the admin is killed in the middle of a deploy') {
          // Which of the two deploys it is, the admin tells; never half of one.
          const { text } = await admin.http('/answer', { deadline: 5000 });
          const [, flows, credentials] = versionOf(text);
          assert.equal(flows, credentials, 'the restarted admin runs one deploy');
          assert.ok(Number(flows) >= version - 1, `${flows} of ${version}`);
          await untilConverged(worker, text, CONVERGED_WITHIN);
        } else {
          await untilConverged(worker, `${version}:${tokenOf(version)}`, CONVERGED_WITHIN);
        }
        times.push(performance.now() - begin);
      } catch (error) {
        throw new Error(`round ${round}, seed ${SEED}, ${name}: ${error.message}\n--- admin\n${admin.tail(15)}`);
      }
    }
  } finally {
    await Promise.all([admin.stop(), worker.stop()]);
    keepLog('node-red-admin', admin.logs);
    keepLog('node-red-worker', worker.logs);
    await proxy.close();
    await server.stop();
  }
  times.sort((a, b) => a - b);
  t.diagnostic(
    `converged after the fault: median ${times[times.length >> 1].toFixed(0)} ms, worst ${times.at(-1).toFixed(0)} ms; ` +
      `${took.length} deploys, the slowest answered in ${Math.max(...took).toFixed(0)} ms`
  );
  assert.ok(Math.max(...took) < ANSWER_WITHIN);
});
