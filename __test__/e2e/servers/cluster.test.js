'use strict';

// Deploys through a cluster whose nodes fail and whose slots move.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { adminLine, workerLine } = require('../../support/acl.js');
const { startCluster } = require('../../support/valkey-cluster.js');
const { startNodeRed } = require('../../support/node-red.js');
const { answers, valueFlow } = require('../../support/request-flow.js');

// The default prefix without a hash tag gets one.
const PREFIX = '{nodered}:';
const FLOWS = `${PREFIX}flows`;

let cluster;
let admin;
let worker;
let pids;

before(async () => {
  cluster = await startCluster({
    users: [adminLine(PREFIX, 'a-secret'), workerLine(PREFIX, 'w-secret'), 'user default on nopass ~* &* +@all']
  });
  admin = await startNodeRed({
    role: 'admin',
    connection: cluster.connection({ username: 'admin', password: 'a-secret' }),
    flows: valueFlow('at start')
  });
  // Knows one node, and has the rest as ioredis' Cluster takes it.
  worker = await startNodeRed({
    role: 'worker',
    valkey: {
      cluster: [{ host: '127.0.0.1', port: cluster.nodes[5].port }],
      redisOptions: { username: 'worker', password: 'w-secret' }
    }
  });
  pids = [admin.pid, worker.pid];
});

after(async () => {
  await admin?.stop();
  await worker?.stop();
  await cluster?.stop();
});

async function stored() {
  const owner = await cluster.owner(FLOWS);
  return JSON.parse(await cluster.client(owner).get(FLOWS));
}

test('a deploy reaches the worker, all keys in one slot', async () => {
  await answers(worker, 'at start');
  await admin.deploy(valueFlow('first'));
  await answers(worker, 'first');
  const owner = await cluster.owner(FLOWS);
  for (const instance of [admin, worker]) {
    assert.match(
      instance.logs,
      new RegExp(`\\[ValkeyStorage\\] Connected to 127.0.0.1:${owner.port} \\(Cluster mode\\)`)
    );
    assert.match(instance.logs, /the prefix 'nodered:' becomes '\{nodered\}:'/);
  }
  for (const node of cluster.nodes.slice(0, 3)) {
    assert.equal((await cluster.client(node).dbsize()) > 0, node === owner);
  }
});

test('the slot moves to another node while deploying', async (t) => {
  const owner = await cluster.owner(FLOWS);
  const target = cluster.nodes.slice(0, 3).find((node) => node !== owner);
  let last = 0;
  let moved = false;
  const deploying = (async () => {
    while (!moved || last < 3) {
      last += 1;
      await admin.deploy(valueFlow(`move ${last}`));
    }
  })();
  await cluster.moveSlot(FLOWS, target);
  moved = true;
  await deploying;
  const took = await answers(worker, `move ${last}`);
  t.diagnostic(`${last} deploys, the last one on the worker ${took.toFixed(0)} ms later`);
  assert.equal(await cluster.owner(FLOWS), target);
  assert.deepEqual(await stored(), valueFlow(`move ${last}`));
  await admin.deploy(valueFlow('moved'));
  await answers(worker, 'moved');
});

test('deploys go on while the slot is open, where its keys are', async () => {
  const owner = await cluster.owner(FLOWS);
  const target = cluster.nodes.slice(0, 3).find((node) => node !== owner);
  await cluster.moveSlot(FLOWS, target, async () => {
    await admin.deploy(valueFlow('in between'));
    await answers(worker, 'in between');
  });
  await admin.deploy(valueFlow('moved again'));
  await answers(worker, 'moved again');
});

test('the owner of the slot is killed', async (t) => {
  const owner = await cluster.owner(FLOWS);
  const deploying = admin.deploy(valueFlow('at it'));
  await owner.kill('SIGKILL');
  await deploying;
  await admin.deploy(valueFlow('meanwhile'));
  const promoted = await cluster.owner(FLOWS);
  const took = await answers(worker, 'meanwhile');
  t.diagnostic(`the worker had the deploy ${took.toFixed(0)} ms after the promotion`);
  await admin.deploy(valueFlow('after'));
  await answers(worker, 'after');
  assert.deepEqual(await stored(), valueFlow('after'));
  await owner.restart();
  await cluster.until(
    'a working cluster',
    (nodes, info) => info.includes('cluster_state:ok') && nodes.match(/slave /g)?.length === 3
  );
  assert.equal(await cluster.owner(FLOWS), promoted);
  await admin.deploy(valueFlow('all back'));
  await answers(worker, 'all back');
  assert.deepEqual([admin.pid, worker.pid], pids);
  assert.ok(admin.running && worker.running);
});
