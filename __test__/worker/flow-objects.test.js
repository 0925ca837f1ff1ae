'use strict';

// The flows that a worker makes of what differs, beside those that it would parse as a whole.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { withoutCredentials } = require('../../lib/flows/credentials');
const { createFlowObjects } = require('../../lib/worker/flow-objects');
const { openAsUser } = require('../servers/support/open-as-user.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { createRandom } = require('../support/random-numbers.js');

const ROUNDS = 40;

let server;
let admin;
let worker;
let objects;
/** The values that the admin mirrors, and the flows that are applied. */
let text;
let applied;

before(async () => {
  server = await startServer();
  const connection = { host: server.host, port: server.port, username: undefined, password: server.password };
  [admin, worker] = await Promise.all([openAsUser('admin', connection), openAsUser('worker', connection)]);
  await admin.core.open();
  await admin.core.mirrorSettings('{}');
  objects = createFlowObjects();
  text = JSON.stringify(Array.from({ length: 40 }, (_, index) => node(`n${index}`, 0)));
  await until(async () => (await admin.core.mirrorDeploy(text, '{}')).done);
  const snapshot = await worker.core.snapshot();
  applied = objects.read(snapshot);
  await worker.core.applied(snapshot.id);
});

after(async () => {
  await worker?.core.close();
  await admin?.core.close();
  await server?.stop();
});

const node = (id, version) => ({ id, type: 'inject', z: 'n0', version, wires: [[]], text: 'ü\u2028"\\' });

/** Deploys a text, and reads it as an update does; `isPart`: what differs was enough. */
async function deploy(next, base = objects.held()) {
  worker.events.length = 0;
  assert.equal((await admin.core.mirrorDeploy(next, '{}')).done, true);
  await until(() => worker.events.includes('revision'), { message: 'the announcement' });
  let pending;
  await until(async () => {
    pending = await worker.core.beginPending(base?.id);
    return pending !== null;
  });
  const earlier = applied;
  applied = objects.read(pending, base);
  await worker.core.applied(pending.id);
  text = next;
  assert.equal(pending.flows === undefined, pending.difference !== undefined);
  return { isPart: pending.difference !== undefined, earlier };
}

const ODD_IDS = [7, null, undefined, ['n1'], 'n1', '', '__proto__', 'constructor', '\ud800'];

function edited(flows, random, round) {
  const next = structuredClone(flows);
  for (let edit = random(4); edit >= 0; edit -= 1) {
    const at = random(next.length);
    switch (random(7)) {
      case 0:
        next.splice(at, 1);
        break;
      case 1:
        next.splice(at, 0, node(`new${round}-${edit}`, round));
        break;
      case 2:
        next.push(...next.splice(at, 3));
        break;
      case 3:
        next[at] = { ...next[at], credentials: { user: 'u' }, version: round };
        break;
      case 4:
        next[at] = JSON.parse(`{"__proto__":{"a":1},${JSON.stringify(node(next[at].id, round)).slice(1)}`);
        break;
      default:
        next[at] = { ...next[at], version: round, ...(random(6) === 0 ? { id: ODD_IDS[random(ODD_IDS.length)] } : {}) };
    }
  }
  return next;
}

test('of one changed node, the others stay the same objects', async () => {
  const next = JSON.parse(text);
  next[3].version = 'another';
  const { isPart, earlier } = await deploy(JSON.stringify(next));
  assert.equal(isPart, true);
  assert.deepEqual(applied, next);
  assert.deepEqual(
    applied.flatMap((one, index) => (one === earlier[index] ? [] : [index])),
    [3]
  );
});

test('without what was handed over before, all is', async () => {
  const next = JSON.parse(text);
  next[4].version = 'another';
  assert.equal((await deploy(JSON.stringify(next), null)).isPart, false);
  next[5].version = 'another';
  assert.equal((await deploy(JSON.stringify(next), { id: 'another', flows: [] })).isPart, false);
  next[6].version = 'another';
  assert.equal((await deploy(JSON.stringify(next))).isPart, true);
  assert.deepEqual(applied, next);
});

test('random edits end at what is parsed as a whole', async () => {
  const random = createRandom(23);
  const seen = new Set();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const next = JSON.stringify(edited(JSON.parse(text), random, round));
    if (next === text) {
      continue;
    }
    seen.add((await deploy(next)).isPart);
    assert.deepEqual(applied, withoutCredentials(JSON.parse(next)));
    assert.equal(JSON.stringify(applied), JSON.stringify(withoutCredentials(JSON.parse(next))));
  }
  assert.deepEqual([...seen].sort(), [false, true]);
});
