'use strict';

// Tabs that run on one worker, with real leases.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { BESIDE, askAllTheTime, assertNoTrace, tab, untilRuns } = require('./support/cluster.js');
const { fenceOn, ownersOf, probe, untilOwned } = require('./support/owners.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const LEASE = 2000;
/** Of a process that is ended or cut off. */
const TAKEN_OVER = LEASE + 1000;
/** Whoever asks from outside, on a machine that does much else. */
const SLACK = 4000;

/** A tab whose Function node keeps the event loop busy: `GET /spin?ms=…`. */
const SPIN = [
  { id: 'spin', type: 'tab', label: 'spin' },
  { id: 'spin-in', type: 'http in', z: 'spin', url: '/spin', method: 'get', x: 1, y: 1, wires: [['spin-work']] },
  {
    id: 'spin-work',
    type: 'function',
    z: 'spin',
    func: 'const end = Date.now() + Number(msg.req.query.ms); while (Date.now() < end) {} return msg;',
    outputs: 1,
    x: 2,
    y: 1,
    wires: [['spin-out']]
  },
  { id: 'spin-out', type: 'http response', z: 'spin', x: 3, y: 1, wires: [] }
];

let server;
let client;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
  client = server.client();
});

after(stopAll);

async function startWorker({ valkey, ...options } = {}) {
  return startInstance('worker', server, {
    httpAdmin: true,
    ...options,
    valkey: { state: STATE, onceLease: LEASE, health: { port: await freePort(), host: '127.0.0.1' }, ...valkey }
  });
}

async function startAdmin(flows, options) {
  return startInstance('admin', server, {
    flows,
    ...options,
    valkey: { state: STATE, health: { port: await freePort(), host: '127.0.0.1' } }
  });
}

describe('on an admin and three workers', () => {
  const FLOWS = [...BESIDE, ...SPIN, ...tab('other'), ...tab('timers', 'once')];
  let admin;
  let workers;

  before(async () => {
    admin = await startAdmin(FLOWS);
    workers = await Promise.all([startWorker(), startWorker(), startWorker({ valkey: { labels: 'a' } })]);
  });

  after(() => Promise.all([admin, ...workers].map((instance) => instance.stop())));

  /** Starts those again that a test has ended. */
  const revive = () => Promise.all(workers.filter(({ running }) => !running).map((worker) => worker.restart()));

  test('exactly one worker runs it, which its log and its probe say, and no trace is anywhere', async () => {
    const owner = await untilOwned('timers', workers);
    assert.equal((await trackedOn(admin))['in-timers'], undefined);
    await owner.waitForLog(/\[ValkeyStorage\] tab 'timers' runs here \(fence \d+\)/);
    const { ready, tabs } = await probe(owner);
    assert.equal(ready, true);
    assert.deepEqual(
      tabs.map(({ id, name }) => [id, name]),
      [['timers', 'timers']]
    );
    assert.ok(Math.abs(Date.now() - Date.parse(tabs[0].since)) < 60_000, tabs[0].since);
    for (const worker of workers.filter((each) => each !== owner)) {
      assert.equal((await probe(worker)).tabs, undefined);
    }
    await assertNoTrace({ flows: FLOWS, admin, workers, client });
  });

  test('its owner ends: another takes over at once, with a higher fence, and nobody else notices', async () => {
    const owner = await untilOwned('timers', workers);
    const fence = await fenceOn(owner, 'timers');
    const others = workers.filter((worker) => worker !== owner);
    const asking = askAllTheTime([admin, ...others]);
    await owner.stop();
    // Far before a lease could have run out.
    const next = await untilOwned('timers', others, { deadline: LEASE / 2 + SLACK });
    assert.ok((await fenceOn(next, 'timers')) > fence);
    await asking.end();
    await revive();
  });

  test('its owner ends in the middle of a deploy: its lease is given back all the same', async () => {
    // On all of them, so that no other can start it meanwhile.
    const CLOSES_IN = 5000;
    const slow = (value) => [
      ...FLOWS,
      { id: 'in-slow', type: 'tracked', value, closesIn: CLOSES_IN, z: 'other', x: 1, y: 1, wires: [] }
    ];
    await admin.deploy(slow('1'), { type: 'nodes' });
    const owner = await untilOwned('timers', workers);
    await until(async () => (await trackedOn(owner))['in-slow'], { message: () => owner.tail() });
    const lease = await client.get(`${PREFIX}once:timers`);
    const deployed = admin.deploy(slow('2'), { type: 'nodes' });
    await until(async () => !(await trackedOn(owner))['in-slow'], { message: () => owner.tail() });
    await owner.stop();
    assert.notEqual(await client.get(`${PREFIX}once:timers`), lease);
    await deployed;
    const others = workers.filter((worker) => worker !== owner);
    await untilOwned('timers', others, { deadline: 2 * CLOSES_IN });
    await admin.deploy(FLOWS, { type: 'nodes' });
    await revive();
  });

  test('its owner is killed: another takes over when the lease has run out', async () => {
    const owner = await untilOwned('timers', workers);
    const fence = await fenceOn(owner, 'timers');
    owner.kill();
    const next = await untilOwned('timers', workers, { not: owner, deadline: TAKEN_OVER + SLACK });
    assert.ok((await fenceOn(next, 'timers')) > fence);
    await revive();
  });

  test('an event loop that is blocked loses its tabs, and they come back nowhere twice', async () => {
    const owner = await untilOwned('timers', workers);
    const ms = Number(process.env.TEST_SPIN) || 3 * LEASE;
    const mark = owner.mark();
    const spun = owner.http(`/spin?ms=${ms}`, { deadline: ms + 15_000 });
    const others = workers.filter((worker) => worker !== owner);
    const next = await untilOwned('timers', others, { deadline: TAKEN_OVER + SLACK });
    assert.equal((await spun).status, 200);
    await owner.waitForLog(/tab 'timers' no longer runs here/, { from: mark });
    assert.deepEqual(await ownersOf('timers', workers), [next]);
    await until(async () => (await probe(owner)).tabs === undefined, { message: () => owner.tail() });
  });

  test('a frozen process loses its tabs, and stops them when it goes on', async () => {
    const owner = await untilOwned('timers', workers);
    const mark = owner.mark();
    owner.pause();
    try {
      const others = workers.filter((worker) => worker !== owner);
      await untilOwned('timers', others, { deadline: TAKEN_OVER + SLACK });
    } finally {
      owner.resume();
    }
    await owner.waitForLog(/tab 'timers' no longer runs here/, { from: mark });
    assert.equal((await ownersOf('timers', workers)).length, 1);
  });

  test('a deploy that changes where it runs starts and stops it, and nothing else anywhere', async () => {
    const deploy = async (value) => {
      const flows = [...BESIDE, ...SPIN, ...tab('other'), ...tab('timers', value)];
      await admin.deploy(flows, { type: 'nodes' });
      await assertNoTrace({ flows, admin, workers, client });
    };
    const others = () => Promise.all(workers.map(async (worker) => (await trackedOn(worker))['in-other']));
    const before = await others();
    const asking = askAllTheTime([admin, ...workers]);
    await deploy('workers');
    await Promise.all(workers.map((worker) => untilRuns(worker, ['other', 'timers'])));
    await deploy('once');
    await untilOwned('timers', workers);
    await deploy('once:a');
    assert.equal(await untilOwned('timers', workers, { not: workers[0] }), workers[2]);
    await deploy('once:nobody');
    await Promise.all(workers.map((worker) => untilRuns(worker, ['other'])));
    await deploy('admin');
    await untilRuns(admin, ['other', 'timers']);
    await deploy('once');
    await untilRuns(admin, ['other']);
    await untilOwned('timers', workers);
    await asking.end();
    assert.deepEqual(await others(), before, 'the other tab was never started again');
  });

  test('disabled it runs nowhere, and its lease is free', async () => {
    const flows = FLOWS.map((node) => (node.id === 'timers' ? { ...node, disabled: true } : node));
    await admin.deploy(flows, { type: 'nodes' });
    await until(async () => (await ownersOf('timers', workers)).length === 0, { message: () => admin.tail() });
    await until(async () => (await client.exists(`${PREFIX}once:timers`)) === 0, { message: () => 'a free lease' });
    await admin.deploy(FLOWS, { type: 'nodes' });
    await untilOwned('timers', workers);
  });

  test('a worker that lacks one of its types gives it back, and runs on as it was', async () => {
    const owner = await untilOwned('timers', workers);
    const others = workers.filter((worker) => worker !== owner);
    await Promise.all(others.map((worker) => worker.http('/tracked/register/late')));
    const flows = [...FLOWS, { id: 'in-late', type: 'late', value: '1', z: 'timers', x: 1, y: 1, wires: [] }];
    await admin.http('/tracked/register/late');
    await admin.deploy(flows, { type: 'nodes' });
    const next = await untilOwned('timers', others);
    assert.equal((await trackedOn(next))['in-late'].value, '1');
    assert.ok((await trackedOn(owner))['in-other'], 'the rest runs on');
    // With the type it is one of them again.
    await next.stop();
    await owner.http('/tracked/register/late');
    await Promise.all(others.filter((worker) => worker !== next).map((worker) => worker.stop()));
    await untilOwned('timers', [owner], { deadline: TAKEN_OVER + SLACK });
    await admin.deploy(FLOWS, { type: 'nodes' });
    await revive();
  });

  test('a worker in safe mode takes none', async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await workers[0].restart({ safe: true });
    await workers[1].restart();
    assert.equal(await untilOwned('timers', workers), workers[1]);
    await workers[1].stop();
    assert.deepEqual(await ownersOf('timers', workers), []);
    await workers[0].restart({ safe: false });
    await untilOwned('timers', workers, { deadline: TAKEN_OVER + SLACK });
  });
});

test('a worker whose user lacks the right runs everything else, and says once what it lacks', async () => {
  await client.acl('SETUSER', 'weak', 'on', '>weak', `~${PREFIX}other:*`, 'resetchannels', '-@all', '+ping', '+select');
  const admin = await startAdmin([...tab('other'), ...tab('timers', 'once')]);
  const worker = await startWorker({ valkey: { state: { username: 'weak', password: 'weak' } } });
  await untilRuns(worker, ['other']);
  const { ready, notes } = await until(
    async () => {
      const told = await probe(worker);
      return told.notes.some((note) => note.startsWith('tabs that run once: ')) && told;
    },
    { message: () => worker.tail() }
  );
  assert.equal(ready, true);
  assert.equal(notes.filter((note) => note.startsWith('tabs that run once: ')).length, 1);
  await Promise.all([admin, worker].map((instance) => instance.stop()));
});

test('two clusters on one server do not meet, and a hostile id is no more than an id', async () => {
  const id = `timers:fence\r\n*${'{x}'.repeat(100)}\u0000é`;
  const flows = tab('timers', 'once').map((node) => ({
    ...node,
    ...(node.id === 'timers' ? { id } : {}),
    ...(node.z === 'timers' ? { z: id } : {})
  }));
  const others = 'other-cluster:';
  await client.acl('SETUSER', 'default', 'on', 'nopass', '~*', '&*', '+@all');
  const start = (role, keyPrefix) =>
    startInstance(role, server, {
      ...(role === 'admin' ? { flows: [...flows, ...tab('second', 'once')] } : {}),
      user: undefined,
      valkey: { keyPrefix, onceLease: LEASE }
    });
  const instances = [];
  for (const keyPrefix of ['one-cluster:', others]) {
    const admin = await start('admin', keyPrefix);
    const worker = await start('worker', keyPrefix);
    await untilRuns(worker, ['timers', 'second']);
    instances.push(admin, worker);
  }
  await Promise.all(instances.map((instance) => instance.stop()));
});
