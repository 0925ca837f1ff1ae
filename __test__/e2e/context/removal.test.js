'use strict';

// Context of flows that come and go, and of subflows inside subflows.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { run, runFlow } = require('./support/context-flow.js');
const { startSharing, untilReturns } = require('./support/instances.js');

const NODE_RED = process.env.TEST_NODE_RED || path.join(__dirname, '..', '..', '..', 'node_modules', 'node-red');
const { version } = require(path.join(NODE_RED, 'package.json'));

const ORPHANS = 'nodered:context::orphans';
const DAY = 24 * 60 * 60 * 1000;

let server;
let client;
let admin;
let worker;

before(async () => {
  server = await startServer();
  client = server.client();
  const options = { user: undefined, valkey: { state: null } };
  admin = await startSharing('admin', server, { flows: runFlow(), ...options });
  worker = await startSharing('worker', server, options);
});

after(async () => {
  await worker?.stop();
  await admin?.stop();
  await server?.stop();
});

const tab = (id) => [
  { id, type: 'tab', label: id },
  { id: `${id}-in`, type: 'http in', z: id, url: `/${id}`, method: 'get', x: 1, y: 1, wires: [[`${id}-fn`]] },
  {
    id: `${id}-fn`,
    type: 'function',
    z: id,
    x: 1,
    y: 1,
    outputs: 1,
    func: 'flow.set("t", 1); context.set("n", 1); msg.payload = "set"; return msg;',
    wires: [[`${id}-out`]]
  },
  { id: `${id}-out`, type: 'http response', z: id, x: 1, y: 1, wires: [] }
];

const orphans = async () => Object.keys(JSON.parse((await client.get(ORPHANS)) || '{}')).sort();
const keys = async () => (await client.keys('nodered:context:*gone*')).sort();
const KEYS = ['nodered:context:gone-fn:gone:n', 'nodered:context:gone:t'];

test('what belongs to a tab that is gone is noted, and kept by an undo', async () => {
  await admin.deploy([...runFlow(), ...tab('gone')]);
  // Node-RED answers a deploy before its nodes are started.
  await until(async () => (await admin.http('/gone')).status === 200);
  await until(async () => (await keys()).length === 2);
  await admin.deploy(runFlow());
  await until(async () => (await orphans()).length === 2, { message: 'orphans' });
  assert.deepEqual(await orphans(), ['gone', 'gone-fn:gone']);
  assert.deepEqual(await keys(), KEYS);
  await admin.deploy([...runFlow(), ...tab('gone')]);
  await until(async () => (await orphans()).length === 0, { message: 'no orphans' });
  assert.deepEqual(await keys(), KEYS);
});

test('it goes after a day, and what is global or of another tab stays', async () => {
  await run(worker, 'global.set("kept", 1); flow.set("kept", 1);');
  await until(async () => (await client.keys('nodered:context:*kept')).length === 2);
  await admin.deploy(runFlow());
  await until(async () => (await orphans()).length === 2, { message: 'orphans' });
  const noted = JSON.parse(await client.get(ORPHANS));
  for (const scope of Object.keys(noted)) {
    noted[scope] -= DAY + 1000;
  }
  await client.set(ORPHANS, JSON.stringify(noted));
  await admin.deploy([...runFlow(), { id: 'more', type: 'tab', label: 'More' }]);
  await until(async () => (await keys()).length === 0, { message: 'removal' });
  assert.equal((await client.keys('nodered:context:*kept')).length, 2);
});

test('workers note and remove nothing, whatever they run', async () => {
  await client.set('nodered:context:unknown-tab:a', '1');
  await admin.deploy(runFlow());
  await until(async () => (await orphans()).includes('unknown-tab'), { message: 'the note of the admin' });
  const before = await client.get(ORPHANS);
  await worker.restart();
  assert.equal(await client.get(ORPHANS), before);
  assert.equal(await client.get('nodered:context:unknown-tab:a'), '1');
});

/** Subflows that each hold an instance of the next; the innermost one counts. */
function nested() {
  const subflow = (id, inner) => [
    {
      id,
      type: 'subflow',
      name: id,
      in: [{ x: 1, y: 1, wires: [{ id: inner.id }] }],
      out: [{ x: 9, y: 1, wires: [{ id: inner.id, port: 0 }] }]
    },
    { z: id, x: 1, y: 1, wires: [[]], ...inner }
  ];
  const count = `
for (const [name, place] of Object.entries({ flow, context })) { place.set(name, (place.get(name) || 0) + 1); }
flow.set('$parent.outer', (flow.get('$parent.outer') || 0) + 1);
msg.payload = [flow.get('flow'), context.get('context'), flow.get('$parent.outer')];
return msg;`;
  return [
    ...subflow('s1', { id: 's1-use', type: 'subflow:s2' }),
    ...subflow('s2', { id: 's2-use', type: 'subflow:s3' }),
    ...subflow('s3', { id: 's3-fn', type: 'function', func: count, outputs: 1 }),
    { id: 'nested-tab', type: 'tab', label: 'Nested' },
    { id: 'n-in', type: 'http in', z: 'nested-tab', url: '/nested', method: 'get', x: 1, y: 1, wires: [['n-use']] },
    { id: 'n-use', type: 'subflow:s1', z: 'nested-tab', x: 1, y: 1, wires: [['n-out']] },
    { id: 'n-out', type: 'http response', z: 'nested-tab', x: 1, y: 1, wires: [] }
  ];
}

test('subflows three deep are shared, and known when there is a deploy', async (t) => {
  if (/^3\.0\./.test(version)) {
    t.skip('Node-RED 3.0 gives nested instances a new id at each start');
    return;
  }
  const answer = async (instance) => (await instance.http('/nested')).json();
  await admin.deploy([...runFlow(), ...nested()]);
  const first = await until(() => answer(admin));
  assert.deepEqual(first, [1, 1, 1]);
  await until(async () => (await answer(worker))[0] > 1);
  const [reached] = await answer(worker);
  await until(async () => (await answer(admin)).every((n) => n > reached), { message: 'the count of the worker' });
  await admin.deploy([...runFlow(), ...nested(), { id: 'again', type: 'tab', label: 'Again' }]);
  await until(async () => !(await orphans()).some((scope) => scope.includes('s3')), { message: 'no orphan' });
  const deep = (await client.keys('nodered:context:*-*-*')).length;
  assert.ok(deep > 0);
  await until(async () => (await orphans()).length >= 0);
  assert.deepEqual(
    (await orphans()).filter((scope) => scope.includes('n-use')),
    []
  );
});

test('an admin that begins empty while the server is away removes nothing', async () => {
  await admin.deploy(runFlow());
  await until(async () => !(await orphans()).includes('run-tab'));
  await run(worker, 'flow.set("stays", 1);');
  await until(async () => (await client.get('nodered:context:run-tab:stays')) === '1');
  await admin.stop();
  server.pause();
  const empty = await startSharing('admin', server, { wait: 'listening', user: undefined, valkey: { state: null } });
  try {
    server.resume();
    await empty.waitForLog(/flows and credentials were restored from Valkey/);
    await empty.waitUntilStarted();
    await untilReturns(empty, 'return flow.get("stays");', 1);
    // It looks at what is known when its flows are mirrored.
    await client.set('nodered:context:unknown-too:a', '1');
    // For so long the server takes the first one for the admin that is in charge.
    const deploys = () => empty.deploy([...runFlow(), { id: 'more', type: 'tab', label: 'More' }]).then(() => true);
    await until(deploys, { deadline: 20_000, interval: 500, message: 'the new admin in charge' });
    await until(async () => (await orphans()).includes('unknown-too'), { message: 'the note of the new admin' });
  } finally {
    server.resume();
    await empty.stop();
  }
  assert.ok(!(await orphans()).includes('run-tab'));
  assert.equal(await client.get('nodered:context:run-tab:stays'), '1');
});
