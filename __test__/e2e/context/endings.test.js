'use strict';

// How instances end and begin, and where the server is then: what was set is there afterwards.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, afterEach, before, test } = require('node:test');

const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { run, runFlow } = require('./support/context-flow.js');
const { MODULE, startSharing, untilReturns } = require('./support/instances.js');

let server;
let client;
const running = [];

before(async () => {
  server = await startServer({ persist: true });
  client = server.client();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((instance) => instance.stop()));
  server.resume();
  if (!server.running) {
    await server.restart();
  }
  await client.flushall();
});

after(() => server?.stop());

/** Each test has the server as its default user: the rights are tried elsewhere. */
async function start(role, options = {}) {
  const instance = await startSharing(role, server, { user: undefined, valkey: { state: null }, ...options });
  running.push(instance);
  return instance;
}

const startAdmin = (options) => start('admin', { flows: runFlow(), ...options });

test('an ordinary stop loses nothing', async () => {
  const admin = await startAdmin();
  await run(admin, 'for (let i = 0; i < 500; i += 1) global.set(`n${i}`, i);');
  const took = await admin.stop();
  assert.ok(took < 10_000, `${took} ms`);
  assert.equal((await client.keys('nodered:context:global:n*')).length, 500);
});

test('a kill loses nothing of what was set a moment before', async () => {
  const admin = await startAdmin();
  await run(admin, 'global.set("n", 1);');
  await until(async () => (await client.get('nodered:context:global:n')) === '1');
  admin.kill();
  await admin.waitUntilEnded();
  await admin.start();
  assert.equal(await run(admin, 'return global.get("n");'), 1);
});

test('what is set while the server is away is on the disk soon, and survives a kill', async () => {
  const admin = await startAdmin();
  const stateDir = path.join(admin.userDir, '.node-red-storage-valkey');
  const onDisk = (name) => fs.readFileSync(path.join(stateDir, name), 'utf8');
  await run(admin, 'global.set("early", 1);');
  await until(() => onDisk('context-default.json').includes('early'), { deadline: 20_000, message: 'the first copy' });
  await server.kill();
  await run(admin, 'for (let i = 0; i < 100; i += 1) global.set(`k${i}`, i);');
  await until(() => onDisk('context-default.unsaved.json').includes('k99'), {
    message: 'what is not sent on the disk'
  });
  admin.kill();
  await admin.waitUntilEnded();
  await admin.start();
  assert.equal(await run(admin, 'return global.keys().filter((key) => /^k[0-9]+$/.test(key)).length;'), 100);
  await server.restart();
  const stored = async () => (await client.keys('nodered:context:global:k*')).length === 100;
  await until(stored, { deadline: 20_000, message: 'what was set while the server was away' });
});

test('a change of another instance counts before one that was made while the server was away', async () => {
  const admin = await startAdmin();
  const worker = await start('worker');
  await run(admin, 'global.set("both", "first"); global.set("own", "first");');
  await untilReturns(worker, 'return [global.get("both"), global.get("own")];', ['first', 'first']);
  await worker.stop();
  await server.kill();
  await run(admin, 'global.set("both", "of the admin"); global.set("own", "of the admin");');
  await admin.stop();
  await server.restart();
  await worker.start();
  await run(worker, 'global.set("both", "of the worker");');
  await until(async () => (await client.get('nodered:context:global:both')) === '"of the worker"');
  await admin.start();
  for (const instance of [admin, worker]) {
    await untilReturns(instance, 'return [global.get("both"), global.get("own")];', ['of the worker', 'of the admin']);
  }
  await admin.waitForLog(/both/);
});

test('a stop while the server is away: what was not sent is on the disk, and is sent later', async () => {
  const admin = await startAdmin();
  await run(admin, 'global.set("sent", 1);');
  await until(async () => (await client.get('nodered:context:global:sent')) === '1');
  await server.kill();
  await run(admin, 'global.set("unsent", 2); global.set("sent", 3);');
  const took = await admin.stop();
  assert.ok(took < 10_000, `${took} ms`);
  await admin.start();
  assert.deepEqual(await run(admin, 'return [global.get("unsent"), global.get("sent")];'), [2, 3]);
  await server.restart();
  await until(async () => (await client.get('nodered:context:global:unsent')) === '2', { deadline: 20_000 });
  assert.equal(await client.get('nodered:context:global:sent'), '3');
});

test('a worker that begins while the server is away has its copy', async () => {
  const admin = await startAdmin();
  const worker = await start('worker');
  await run(admin, 'global.set("copied", { n: [1] });');
  await untilReturns(worker, 'return global.get("copied");', { n: [1] });
  await worker.stop();
  await server.kill();
  await worker.start();
  assert.deepEqual(await run(worker, 'return global.get("copied");'), { n: [1] });
});

test('without a copy flows wait, and never see a value that exists as missing', async () => {
  await client.set('nodered:context:global:exists', '41');
  await server.kill();
  // With flows on its disk: nothing but the context is missing.
  const admin = await startAdmin({ wait: 'listening' });
  await admin.waitForLog(/flows wait for the context 'default'/);
  assert.doesNotMatch(admin.logs, /Started flows/);
  await server.restart();
  await admin.waitUntilStarted();
  assert.equal(await run(admin, 'return global.get("exists");'), 41);
});

test('neither a deploy nor an exit is held up by the context while the server hangs', async (t) => {
  const took = [];
  for (const options of [{}, { settings: { contextStorage: {} } }]) {
    const admin = await startAdmin(options);
    server.pause();
    const begin = performance.now();
    await admin.deploy([...runFlow(), { id: 'more', type: 'tab', label: 'More' }]);
    const deploy = performance.now() - begin;
    // Node-RED answers a deploy before its nodes are started.
    await untilReturns(admin, 'global.set("a", 1); return global.get("a");', 1);
    const exit = await admin.stop();
    server.resume();
    took.push({ deploy, exit });
  }
  const [shared, memory] = took;
  const ms = (of) => `deploy ${of.deploy.toFixed(0)} ms, exit ${of.exit.toFixed(0)} ms`;
  t.diagnostic(`shared: ${ms(shared)}; memory: ${ms(memory)}`);
  // The mirroring of flows waits 4 s for the server by itself.
  assert.ok(shared.deploy < memory.deploy + 4000, ms(shared));
  assert.ok(shared.exit < memory.exit + 4000, ms(shared));
});

test('without our storage module the store has its own options', async () => {
  const alone = await startNodeRed({
    flows: runFlow(),
    settings: { contextStorage: { default: { module: MODULE, config: { host: server.host, port: server.port } } } }
  });
  running.push(alone);
  await run(alone, 'global.set("alone", 1);');
  await until(async () => (await client.get('nodered:context:global:alone')) === '1');
});

test('a wrong option of a store is named, and ends Node-RED with a failure', async () => {
  const contextStorage = { default: { module: MODULE, config: { context: { maxValue: 'x' } } } };
  const wrong = await startAdmin({ wait: 'none', settings: { contextStorage } });
  await wrong.waitUntilEnded();
  assert.match(wrong.logs, /ERR_VALKEY_OPTION: option 'context' must have a 'maxValue'/);
  assert.equal(wrong.child.exitCode, 1);
  const unknown = await startAdmin({
    settings: { contextStorage: { default: { module: MODULE, config: { keyPrefx: 'a:' } } } }
  });
  assert.match(unknown.logs, /unknown option 'keyPrefx'/);
});
