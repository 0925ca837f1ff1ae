'use strict';

// Twenty workers, two of them real: what the editor's route, the command line and the metrics say agrees.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const {
  STATE,
  blockingFlow,
  fleetOn,
  startReporting,
  startReportingServer,
  untilFleet
} = require('./support/reporting.js');
const { startSimulated } = require('./support/simulated.js');
const { stopAll } = require('../support/admin-and-workers.js');
const { runCli } = require('../../../lib/cli');
const { collected } = require('../../cli/support/collected.js');
const { parseOpenMetrics } = require('../../metrics/support/openmetrics.js');
const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');

let server;
let admin;
let simulated;
let port;
const real = [];

before(async () => {
  server = await startReportingServer();
  port = await freePort();
  admin = await startReporting('admin', server, 'admin', { flows: blockingFlow('one'), valkey: { health: { port } } });
  real.push(...(await Promise.all(['one', 'two'].map((label) => startReporting('worker', server, label)))));
  simulated = startSimulated(18, { server, state: STATE, stored: async () => (await fleetOn(admin)).revision });
});

after(async () => {
  await simulated?.stop();
  await stopAll();
});

/** As `12 of 20`, with the revision, from each of the three. */
async function told() {
  const route = await fleetOn(admin);
  const stdout = collected();
  const code = await runCli({
    args: ['status', '--json', '--url', `redis://${server.host}:${server.port}`],
    env: {},
    stdout,
    stderr: collected()
  });
  const status = JSON.parse(stdout.text());
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const { nodered_cluster_fleet_workers: workers } = parseOpenMetrics(await response.text());
  const count = (state) => workers.samples.find(({ labels }) => labels.state === state).value;
  const all = workers.samples.reduce((sum, { value }) => sum + value, 0);
  return {
    code,
    revisions: [route.revision, status.revision],
    counts: [
      `${route.inStep} of ${route.total}`,
      `${status.inStep} of ${status.total}`,
      `${count('in_step')} of ${all}`
    ]
  };
}

/** Waits until all three say so, and tells how long that took. */
async function untilAllSay(t, words) {
  const began = performance.now();
  let last;
  await until(
    async () => {
      last = await told();
      return last.counts.every((count) => count === words);
    },
    { message: () => `'${words}' from all: ${JSON.stringify(last)}` }
  );
  t.diagnostic(`'${words}' after ${(performance.now() - began).toFixed(0)} ms`);
  assert.equal(last.revisions[0], last.revisions[1]);
  return last;
}

test('after a deploy all three agree', async (t) => {
  await untilAllSay(t, '20 of 20');
  const before = (await fleetOn(admin)).revision;
  await admin.deploy(blockingFlow('two'));
  await untilFleet(admin, ({ revision, inStep }) => revision !== before && inStep === 20);
  const { code } = await untilAllSay(t, '20 of 20');
  assert.equal(code, 0);
});

test('two that are killed are noticed', async (t) => {
  real.forEach((worker) => worker.kill());
  const { code } = await untilAllSay(t, '18 of 20');
  assert.equal(code, 1);
});
