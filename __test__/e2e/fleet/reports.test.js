'use strict';

// What real instances tell of themselves, and what the admin's route makes of it.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const {
  blockingFlow,
  fleetOn,
  labelled,
  startReporting,
  startReportingServer,
  untilFleet
} = require('./support/reporting.js');
const { PREFIX, startInstance, stopAll } = require('../support/admin-and-workers.js');
const { answers } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');

/** What scripts and the editor rely on. */
const SHAPE = ['id', 'name', 'role', 'labels', 'revision', 'state', 'since', 'error'];
const ROUTE = '/node-red-storage-valkey/fleet';
/** How long an event loop stands still, in ms: twice as long as is shown at the latest on a machine at rest. */
const BLOCKED = 16_000;

let server;
let admin;
const workers = {};

before(async () => {
  server = await startReportingServer();
  admin = await startReporting('admin', server, 'admin', { flows: blockingFlow('one') });
  [workers.one, workers.two] = await Promise.all(['one', 'two'].map((name) => startReporting('worker', server, name)));
});

after(stopAll);

test('all that have reported are answered, with what each tells', async () => {
  const fleet = await untilFleet(admin, ({ total, inStep }) => total === 2 && inStep === 2);
  assert.deepEqual(Object.keys(fleet), ['revision', 'total', 'inStep', 'instances', 'asOf', 'problem']);
  assert.equal(fleet.problem, null);
  assert.ok(fleet.asOf < 1000, `${fleet.asOf} ms`);
  assert.equal(fleet.instances.length, 3);
  const one = labelled(fleet, 'one');
  assert.deepEqual(Object.keys(one).sort(), [...SHAPE, 'report', 'behind'].sort());
  assert.equal(one.revision, fleet.revision);
  assert.equal(one.behind, 0);
  assert.ok(Math.abs(Date.now() - one.since) < 60_000, `${one.since}`);
  const { report } = one;
  assert.equal(report.node, process.version);
  assert.match(report.nodeRed, /^\d+\.\d+\.\d+/);
  assert.equal(report.flows, 'running');
  assert.equal(report.connection, 'ready');
  assert.equal(report.ready, true);
  assert.ok(report.rss > 20e6, `${report.rss}`);
  assert.ok(report.uptime < 120);
  assert.equal(labelled(fleet, 'admin').role, 'admin');
  // All are on one host.
  assert.equal(new Set(fleet.instances.map(({ name }) => name)).size, 3);
});

test('a report has no more than 2 KiB', async () => {
  const client = server.client();
  const ids = await client.zrange(`${PREFIX}fleet`, 0, -1);
  assert.equal(ids.length, 3);
  for (const id of ids) {
    const size = await client.strlen(`${PREFIX}fleet:${id}`);
    assert.ok(size > 0 && size <= 2048, `${size} bytes`);
    const ttl = await client.ttl(`${PREFIX}fleet:${id}`);
    assert.ok(ttl > 0 && ttl <= 86_400, `${ttl} s`);
  }
});

test('after a deploy all run it, and the answer says so', async () => {
  const { revision } = await fleetOn(admin);
  await admin.deploy(blockingFlow('two'));
  await untilFleet(admin, (fleet) => fleet.revision !== revision && fleet.inStep === 2);
});

test('an error of a flow is counted and told, without secrets', async () => {
  const before = labelled(await fleetOn(admin), 'one').report.errors;
  const failing = {
    id: 'fails',
    type: 'function',
    z: 'value-tab',
    x: 100,
    y: 200,
    wires: [],
    initialize: 'node.error("no access to https://me:hidden@example.invalid/ with password=open-sesame");',
    func: ''
  };
  await admin.deploy([...blockingFlow('three'), failing]);
  const fleet = await untilFleet(admin, (now) => labelled(now, 'one').report.errors > before);
  const { text } = labelled(fleet, 'one').report.lastError;
  assert.match(text, /\[function:fails\] no access to https:\/\/\*\*\*@example.invalid\/ with password=\*\*\*/);
});

test('a blocked event loop shows as such, and passes', async () => {
  const blocked = workers.two.http(`/block?ms=${BLOCKED}`, { deadline: 2 * BLOCKED });
  const fleet = await untilFleet(admin, (now) => labelled(now, 'two').state === 'not ready');
  assert.match(labelled(fleet, 'two').error, /^its event loop has been blocked for \d+ s$/);
  assert.equal(fleet.inStep, 1);
  await blocked;
  await untilFleet(admin, ({ inStep }) => inStep === 2);
});

test('one that ends as it should is no longer there', async () => {
  await workers.two.stop();
  const { total } = await fleetOn(admin);
  await until(async () => (await fleetOn(admin)).total === 1, { message: `1 worker, not ${total}` });
  await workers.two.restart();
  await untilFleet(admin, ({ inStep }) => inStep === 2);
});

test('one that was killed is lost; started again it is the same one', async () => {
  workers.two.kill();
  const fleet = await untilFleet(admin, (now) => labelled(now, 'two').state === 'lost');
  assert.equal(`${fleet.inStep} of ${fleet.total}`, '1 of 2');
  assert.match(labelled(fleet, 'two').error, /^nothing was heard of it for \d+ s$/);
  const { name } = labelled(fleet, 'two');
  await workers.two.restart();
  const again = await untilFleet(admin, ({ inStep }) => inStep === 2);
  assert.equal(again.total, 2);
  assert.equal(labelled(again, 'two').name, name);
});

test('one without the right says so in one line, runs the flows, and does not fill the log of breaches', async () => {
  const client = server.client();
  await client.call('ACL', 'LOG', 'RESET');
  const mute = await startInstance('worker', server, { valkey: { labels: ['mute'] } });
  await mute.waitForLog(/is not seen among the others, and does everything else/);
  assert.equal((await mute.http('/value')).text, 'three');
  assert.equal(labelled(await fleetOn(admin), 'mute'), undefined);
  // Something to tell, which it keeps to itself.
  await admin.deploy(blockingFlow('four'));
  await answers(mute, 'four');
  assert.equal(mute.logs.match(/not seen among the others/g).length, 1);
  const breaches = await client.call('ACL', 'LOG');
  const entries = breaches.map((entry) =>
    Object.fromEntries(entry.flatMap((_, at) => (at % 2 ? [] : [entry.slice(at, at + 2)])))
  );
  const tries = entries.filter(({ username }) => username === 'worker').map(({ count, object }) => [object, count]);
  assert.ok(
    tries.every(([, count]) => count <= 2),
    JSON.stringify(tries)
  );
  assert.ok(tries.length <= 4, JSON.stringify(tries));
  await mute.stop();
});

test('one that is told to report nothing does not', async () => {
  const quiet = await startReporting('worker', server, 'quiet', { valkey: { report: false } });
  assert.equal((await quiet.http('/value')).text, 'four');
  assert.equal(labelled(await fleetOn(admin), 'quiet'), undefined);
  await quiet.stop();
});

test('a server that was emptied has all again within seconds, and meanwhile the answer stays', async () => {
  await server.client().flushall();
  const fleet = await fleetOn(admin);
  assert.equal(fleet.instances.length, 3);
  await untilFleet(admin, ({ problem, inStep }) => problem === null && inStep === 2);
});

test('while the server is away the answer says how old it is', async () => {
  await server.stop();
  const fleet = await untilFleet(admin, ({ problem }) => problem !== null);
  assert.equal(fleet.total, 2);
  assert.ok(fleet.asOf > 0);
});

test('no right, no answer', async () => {
  assert.equal((await workers.one.http(ROUTE)).status, 404);
});
