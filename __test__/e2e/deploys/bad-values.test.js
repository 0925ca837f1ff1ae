'use strict';

// Stored values that a worker can't use: it says so, and what it runs goes on.

const assert = require('node:assert/strict');
const zlib = require('node:zlib');
const { after, before, test } = require('node:test');

const { PREFIX, startAdminAndWorker, stopAll } = require('../support/admin-and-workers.js');
const { storeForeign } = require('../support/foreign.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const FLOWS = `${PREFIX}flows`;
const CREDENTIALS = `${PREFIX}credentials`;
const KEPT = { one: { value: '1', token: 'new' }, two: { value: '1', token: 'two' }, none: { value: '1' } };

let client;
let admin;
let worker;

before(async () => {
  ({ client, admin, worker } = await startAdminAndWorker());
});

after(stopAll);

async function deploy(nodes) {
  await admin.deploy(trackedFlow(nodes), { type: 'nodes' });
}

test('a deploy to begin with', async () => {
  await deploy({ one: { value: '1', token: 'new' }, two: { value: '1', token: 'two' }, none: { value: '1' } });
  await untilTracked(worker, KEPT);
});

/** A worker is given something bad: it says so, names the key, and everything goes on as it was. */
async function refuses(key, changes, cause) {
  const before = await trackedOn(worker);
  const saved = await Promise.all([FLOWS, CREDENTIALS].map((name) => client.getBuffer(name)));
  const from = worker.mark();
  await storeForeign(client, changes);
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const [line] = await worker.waitForLog(new RegExp(`\\[error\\] \\[ValkeyStorage\\] .*'?${escaped}\\b.*`), { from });
  assert.match(line, cause);
  assert.deepEqual(await trackedOn(worker), before, 'what ran runs on');
  // The next good deploy comes through.
  await client.mset(FLOWS, saved[0], CREDENTIALS, saved[1]);
  await deploy({ one: { value: line.length.toString() }, two: { value: '1' }, none: { value: '1' } });
  const next = await untilTracked(worker, { ...KEPT, one: { value: line.length.toString(), token: 'new' } });
  assert.equal(next.two.starts, before.two.starts, 'with the credentials that it had, nothing else restarted');
  await deploy({ one: { value: '1' }, two: { value: '1' }, none: { value: '1' } });
  await untilTracked(worker, KEPT);
  return line;
}

test('credentials that do not decrypt are refused, flows and credentials run on', async () => {
  const flows = JSON.stringify(trackedFlow({ other: { value: 'bad' } }));
  const wrong = JSON.stringify({ $: `${'0'.repeat(32)}${Buffer.from('not with this secret').toString('base64')}` });
  const line = await refuses(CREDENTIALS, { [FLOWS]: flows, [CREDENTIALS]: wrong }, /do not decrypt/);
  assert.match(line, /credentialSecret/, 'tells what to do');
});

test('credentials that are no object are refused', async () => {
  await refuses(CREDENTIALS, { [CREDENTIALS]: '["a secret text"]' }, /^((?!a secret text).)*$/);
});

const whole = JSON.stringify(trackedFlow({ other: { value: 'bad' } }));
const BAD_FLOWS = {
  'not JSON': 'half of {"a flow"',
  'cut in half': whole.slice(0, whole.length / 2),
  'not an array': '{"nodes":[]}',
  'an array of something else': '[null, 1]',
  'a truncated gzip stream': zlib.gzipSync(whole).subarray(0, 40),
  'base64 that is no gzip stream': 'gzip:AAAA',
  'a node that no Node-RED can run': JSON.stringify([
    ...trackedFlow({ other: { value: 'bad' } }),
    { id: 'x', type: 'tracked', hasOwnProperty: 5 }
  ]),
  'groups within each other': JSON.stringify([
    { id: 't', type: 'tab' },
    ...['a', 'b'].map((id, i) => ({ id, type: 'group', z: 't', g: 'ba'[i], nodes: [] }))
  ]),
  'a list in place of a string': ['a', 'b']
};
for (const [name, value] of Object.entries(BAD_FLOWS)) {
  test(`flows that are ${name} are refused`, async () => {
    await refuses(FLOWS, { [FLOWS]: value }, /./);
  });
}

test('a worker that starts while what is stored is bad runs its last good copy', async () => {
  const saved = await client.getBuffer(FLOWS);
  await storeForeign(client, { [FLOWS]: '[{"id":' });
  // It would mend the value within seconds.
  admin.pause();
  try {
    await worker.restart();
    await untilTracked(worker, KEPT);
    assert.match(worker.logs, /\[error\] \[ValkeyStorage\] .*nodered:flows/);
    assert.match(worker.logs, /last good copy/);
  } finally {
    admin.resume();
  }
  await client.set(FLOWS, saved);
  await deploy({ one: { value: 'mended' }, two: { value: '1' }, none: { value: '1' } });
  await untilTracked(worker, { ...KEPT, one: { value: 'mended', token: 'new' } });
});
