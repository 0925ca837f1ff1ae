'use strict';

// Deploys through a failover: no process restarts, and nothing that was deployed is lost.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { PREFIX } = require('../support/admin-and-workers.js');
const { startWatchedPair } = require('../support/watched-pair.js');
const { answers, valueFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');

// Sentinels that do not agree on one of them vote again after twelve seconds.
const PROMOTED_WITHIN = 60_000;

let pair;
let watched;
let admin;
let worker;

before(async () => {
  pair = await startWatchedPair({ flows: valueFlow('at start') });
  ({ watched, admin, worker } = pair);
});

after(() => pair?.stop());

test('a deploy reaches the worker', async () => {
  await answers(worker, 'at start');
  await admin.deploy(valueFlow('first'));
  await answers(worker, 'first');
  const { port } = await watched.master();
  for (const instance of [admin, worker]) {
    assert.match(
      instance.logs,
      new RegExp(`\\[ValkeyStorage\\] Connected to 127.0.0.1:${port} \\(Sentinel mode: mymaster\\)`)
    );
  }
});

/** When something came about. */
const timed = async (promise) => {
  const value = await promise;
  return { value, at: performance.now() };
};

/** Brings about a failover around deploys that are answered with success. */
async function deployThrough(t, what, disturb, mend) {
  const pids = [admin.pid, worker.pid];
  const old = await watched.master();
  await admin.deploy(valueFlow(`${what}: before`));
  await answers(worker, `${what}: before`);
  const deploying = admin.deploy(valueFlow(`${what}: at it`));
  await disturb(old);
  const promotion = timed(watched.promotedAfter(old));
  await deploying;
  const asked = performance.now();
  const arrival = timed(answers(worker, `${what}: meanwhile`, PROMOTED_WITHIN));
  await admin.deploy(valueFlow(`${what}: meanwhile`));
  const promoted = await promotion;
  const took = (await arrival).at - Math.max(promoted.at, asked);
  t.diagnostic(
    `promoted ${(promoted.at - asked).toFixed(0)} ms after the deploy was asked for; ` +
      `the worker had it ${took.toFixed(0)} ms after both`
  );
  await admin.deploy(valueFlow(`${what}: after`));
  await answers(worker, `${what}: after`);
  await mend?.(old);
  await watched.settled(2);
  // What the master has is what everybody runs, also once the old one has come back. On a busy machine Sentinels may
  // have made another one the master since.
  const wanted = JSON.stringify(valueFlow(`${what}: after`));
  const isStored = async () => (await (await watched.master()).client().get(`${PREFIX}flows`)) === wanted;
  await until(isStored, { message: 'the last deploy on the master' });
  assert.equal((await worker.http('/value')).text, `${what}: after`);
  assert.deepEqual([admin.pid, worker.pid], pids);
  assert.ok(admin.running && worker.running);
}

test('the master is killed', (t) =>
  deployThrough(
    t,
    'killed',
    (old) => old.kill('SIGKILL'),
    (old) => old.restart()
  ));

test('a failover is asked for', (t) => deployThrough(t, 'failover', () => watched.failOver()));

test('the master hangs and comes back', (t) =>
  deployThrough(
    t,
    'hung',
    (old) => old.pause(),
    (old) => old.resume()
  ));

test('the first Sentinel is dead, or hung, and instances start all the same', async () => {
  const [first] = watched.sentinels;
  for (const disturb of [() => first.pause(), () => first.kill()]) {
    await disturb();
    const late = await pair.start('worker');
    await answers(late, 'hung: after');
    await late.stop();
  }
});

test('natMap as a function, and strategies that throw, are called', async () => {
  const late = await pair.start('worker', {
    valkey: {
      sentinels: watched.sentinels.map(({ port }) => ({
        host: '127.0.0.1',
        port: port === watched.sentinels[0].port ? 1 : port
      })),
      natMap: (key) => {
        console.log(`reached through ${key}`);
        return null;
      },
      sentinelRetryStrategy: () => {
        throw new Error('a fault of the user');
      }
    }
  });
  await answers(late, 'hung: after');
  const { port } = await watched.master();
  assert.match(late.logs, new RegExp(`reached through 127.0.0.1:${port}`));
  await late.stop();
});
