'use strict';

// The kinds of change that a deploy can make, through the real storage, and a worker in safe mode.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { until } = require('../../support/wait.js');
const {
  answerFlow,
  answerOf,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const BYSTANDER = { bystander: { value: '1', token: 'kept' } };

let server;
let admin;
let worker;
let safe;

before(async () => {
  server = await startServerWithUsers();
  admin = await startInstance('admin', server, { flows: [] });
  [worker, safe] = await Promise.all([
    startInstance('worker', server, { httpAdmin: true }),
    startInstance('worker', server, { safe: true, httpAdmin: true })
  ]);
});

after(stopAll);

const deploy = (flows) => admin.deploy([...trackedFlow(BYSTANDER, { tab: 'by-tab' }), ...flows], { type: 'nodes' });

test('tabs are added, disabled, enabled and removed', async () => {
  const other = { other: { value: '1' } };
  await deploy(trackedFlow(other));
  await untilTracked(worker, { ...BYSTANDER, ...other });
  await deploy(trackedFlow(other, { disabled: true }));
  await untilTracked(worker, BYSTANDER);
  await deploy(trackedFlow(other));
  await untilTracked(worker, { ...BYSTANDER, ...other });
  await deploy([]);
  await untilTracked(worker, BYSTANDER);
});

/** An HTTP answer from within a subflow, with a global environment variable. */
function subflow(version, variable) {
  return [
    { id: 'globals', type: 'global-config', name: 'g', env: [{ name: 'CLUSTER', value: variable, type: 'str' }] },
    {
      id: 'sub',
      type: 'subflow',
      name: 'S',
      in: [{ x: 1, y: 1, wires: [{ id: 'sub-set' }] }],
      out: [{ x: 9, y: 1, wires: [{ id: 'sub-set', port: 0 }] }]
    },
    {
      id: 'sub-set',
      type: 'change',
      z: 'sub',
      x: 5,
      y: 1,
      wires: [[]],
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: `"${version}:" & $env("CLUSTER")`, tot: 'jsonata' }]
    },
    { id: 'sub-tab', type: 'tab', label: 'S' },
    { id: 'sub-in', type: 'http in', z: 'sub-tab', url: '/answer', method: 'get', x: 1, y: 1, wires: [['sub-use']] },
    { id: 'sub-use', type: 'subflow:sub', z: 'sub-tab', x: 2, y: 1, wires: [['sub-out']] },
    { id: 'sub-out', type: 'http response', z: 'sub-tab', x: 3, y: 1, wires: [] }
  ];
}

test('a subflow and a global environment variable change', async () => {
  for (const [version, variable] of [
    ['one', 'first'],
    ['two', 'first'],
    ['two', 'second']
  ]) {
    await deploy(subflow(version, variable));
    await untilAnswer(worker, `${version}:${variable}`, 10_000);
  }
});

test('all that restarted nothing on the tab that stayed the same', async () => {
  // Setting and taking away global variables restarts all flows once each, as in Node-RED itself.
  const { bystander } = await trackedOn(worker);
  await deploy(subflow('three', 'second'));
  await untilAnswer(worker, 'three:second', 10_000);
  await deploy([...subflow('three', 'second'), ...trackedFlow({ another: { value: '1' } })]);
  await untilTracked(worker, { ...BYSTANDER, another: { value: '1' } });
  assert.equal((await trackedOn(worker)).bystander.starts, bystander.starts);
});

test('a deploy that a worker refuses leaves its credentials as they were', async () => {
  const { flows } = await worker.getFlows();
  const changed = flows.map((node) =>
    node.id === 'bystander' ? { ...node, credentials: { token: 'refused' } } : node
  );
  await assert.rejects(worker.deploy(changed, { type: 'nodes' }), /ERR_VALKEY_READ_ONLY/);
  // A node that is restarted takes its credentials from where Node-RED has put the refused ones.
  await admin.deploy(trackedFlow({ bystander: { value: '2' } }, { tab: 'by-tab' }), { type: 'nodes' });
  await untilTracked(worker, { bystander: { value: '2', token: 'kept' } });
});

test('a worker in safe mode stays safe on an update, and runs the last deploy when it is left', async () => {
  assert.deepEqual(await trackedOn(safe), {});
  await deploy(answerFlow('safe'));
  await untilAnswer(worker, 'safe:none', 10_000);
  await safe.waitForLog(/safe mode: updates are not applied/);
  assert.deepEqual(await trackedOn(safe), {});
  assert.equal(await answerOf(safe), 'status 404');
  assert.equal((safe.logs.match(/updates are not applied/g) || []).length, 1, 'told once');
  await safe.restart({ safe: false });
  await untilAnswer(safe, 'safe:none', 10_000);
});

test('"Restart flows" on a worker while deploys come in ends at the last deploy', async () => {
  for (let i = 1; i <= 8; i += 1) {
    await Promise.all([deploy(answerFlow(`restart-${i}`)), worker.deploy([], { type: 'reload' })]);
  }
  await untilAnswer(worker, 'restart-8:none', 10_000);
  const { flows } = await admin.getFlows();
  await until(async () => JSON.stringify((await worker.getFlows()).flows) === JSON.stringify(flows), {
    message: 'the flows of the admin on the worker'
  });
});
