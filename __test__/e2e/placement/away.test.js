'use strict';

// Tabs that run once while Valkey is away for all workers, or for one of them, with `onceWhenAway: 'keep'`.

const assert = require('node:assert/strict');
const { after, afterEach, before, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { startProxy } = require('../../support/proxy.js');
const { until } = require('../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { tab } = require('./support/cluster.js');
const { fenceOn, ownersOf, untilOwned } = require('./support/owners.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const LEASE = 2000;
const FLOWS = [...tab('other'), ...tab('timers', 'once')];

let server;
let workers;
let proxies;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
  await startInstance('admin', server, { flows: FLOWS, valkey: { state: STATE } });
  proxies = await Promise.all([1, 2, 3].map(() => startProxy({ port: server.port })));
  workers = await Promise.all(
    proxies.map(async (proxy) =>
      startInstance('worker', proxy, {
        valkey: {
          state: STATE,
          onceLease: LEASE,
          onceWhenAway: 'keep',
          health: { port: await freePort(), host: '127.0.0.1' }
        }
      })
    )
  );
});

after(async () => {
  await stopAll();
  await Promise.all(proxies.map((proxy) => proxy.close()));
});

afterEach(() => proxies.forEach((proxy) => proxy.resume()));

/** Its owner keeps the tab, which is not started again, for as long as leases could have run out several times. */
async function assertKept(owner, node, ms) {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const owners = await ownersOf('timers', workers);
    assert.deepEqual(
      owners.map((each) => workers.indexOf(each)),
      [workers.indexOf(owner)],
      owner.tail()
    );
    assert.deepEqual((await trackedOn(owner))['in-timers'], node, 'it is not started again');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until one and the same worker has it for as long as a lease. */
async function untilSettled() {
  let owner;
  let since;
  return until(
    async () => {
      const owners = await ownersOf('timers', workers);
      if (owners.length !== 1 || owners[0] !== owner) {
        owner = owners.length === 1 ? owners[0] : undefined;
        since = performance.now();
      }
      return owner && performance.now() - since > LEASE && owner;
    },
    { deadline: 20_000, message: () => workers.map((worker) => worker.tail(15)).join('\n--\n') }
  );
}

test('the server is killed, and comes back empty: each tab runs on where it runs, and stays there', async () => {
  const owner = await untilSettled();
  const fence = await fenceOn(owner, 'timers');
  const node = (await trackedOn(owner))['in-timers'];
  await server.kill('SIGKILL');
  try {
    await assertKept(owner, node, 3 * LEASE);
  } finally {
    await server.restart({ empty: true });
  }
  await assertKept(owner, node, 2 * LEASE);
  assert.equal(await fenceOn(owner, 'timers'), fence);
});

for (const [what, begin, end] of [
  ['hangs', () => server.pause(), () => server.resume()],
  [
    'refuses to write',
    () => server.client().config('SET', 'min-replicas-to-write', '1'),
    () => server.client().config('SET', 'min-replicas-to-write', '0')
  ]
]) {
  test(`the server ${what}: each tab runs on where it runs, and stays there`, async () => {
    const owner = await untilSettled();
    const fence = await fenceOn(owner, 'timers');
    const node = (await trackedOn(owner))['in-timers'];
    await begin();
    try {
      await assertKept(owner, node, 3 * LEASE);
    } finally {
      await end();
    }
    await assertKept(owner, node, 2 * LEASE);
    assert.equal(await fenceOn(owner, 'timers'), fence);
  });
}

test('one worker alone is cut off: another takes its tab, and the first stops it when it is back', async () => {
  const owner = await untilSettled();
  const fence = await fenceOn(owner, 'timers');
  proxies[workers.indexOf(owner)].blackhole();
  const others = workers.filter((each) => each !== owner);
  await untilOwned('timers', others);
  // As the document says.
  assert.equal((await ownersOf('timers', [owner])).length, 1, 'it runs twice meanwhile');
  proxies[workers.indexOf(owner)].resume();
  const next = await untilSettled();
  assert.notEqual(next, owner);
  assert.ok((await fenceOn(next, 'timers')) > fence);
});
