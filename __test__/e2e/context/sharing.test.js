'use strict';

// The context of an admin and a worker in real Node-RED processes, each with the rights that documents name.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { until } = require('../../support/wait.js');
const { startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { run, runFlow } = require('./support/context-flow.js');
const { MODULE, STATE, startSharing, untilReturns } = require('./support/instances.js');

const SECOND = { module: MODULE, config: { keyPrefix: 'second:' } };
const STORES = { default: { module: MODULE }, memory: { module: 'memory' }, second: SECOND };

let server;
let client;
let admin;
let worker;

before(async () => {
  // The second store has its keys there, too.
  const line = `${stateLine('nodered:', STATE.password, { name: STATE.username })} ~second:context:*`;
  server = await startServerWithUsers({ users: [line] });
  client = server.client();
  admin = await startSharing('admin', server, { flows: runFlow(), settings: { contextStorage: STORES } });
  worker = await startSharing('worker', server, { settings: { contextStorage: STORES } });
});

after(stopAll);

test('what one instance sets, the others get without a callback', async () => {
  assert.deepEqual(await run(admin, 'global.set("a", { n: [1] }); return global.get("a");'), { n: [1] });
  await untilReturns(worker, 'return global.get("a.n[0]");', 1);
  await run(worker, 'flow.set("b", "of the worker"); context.set("c", 3);');
  await untilReturns(admin, 'return [flow.get("b"), context.get("c")];', ['of the worker', 3]);
  await run(worker, 'global.set("a", undefined);');
  await untilReturns(admin, 'return [global.get("a") === undefined, global.keys().includes("a")];', [true, false]);
});

test('paths of one object that are set on two instances both survive', async () => {
  await run(admin, 'global.set("o", {});');
  await untilReturns(worker, 'return global.get("o");', {});
  await Promise.all([run(admin, 'global.set("o.left", 1);'), run(worker, 'global.set("o.right", 2);')]);
  for (const instance of [admin, worker]) {
    await untilReturns(instance, 'const o = global.get("o"); return [Object.keys(o).sort(), o.left, o.right];', [
      ['left', 'right'],
      1,
      2
    ]);
  }
});

test('operations lose nothing', async () => {
  const count = 'for (let i = 0; i < 200; i += 1) { const n = shared.incr(); global.set("count", n); await n; }';
  const append = 'for (let i = 0; i < 20; i += 1) { const l = shared.push(i); global.set("list", l); await l; }';
  await Promise.all([admin, worker].flatMap((instance) => [run(instance, count), run(instance, append)]));
  for (const instance of [admin, worker]) {
    await untilReturns(instance, 'return [global.get("count"), global.get("list").length];', [400, 40]);
  }
  const double = 'const n = shared.update((value = 1) => value * 2); global.set("power", n); return await n;';
  await Promise.all([admin, worker, admin, worker].map((instance) => run(instance, double)));
  await untilReturns(admin, 'return global.get("power");', 16);
  const first = 'const is = shared.setIfAbsent(1); global.set("once", is); return await is;';
  assert.deepEqual((await Promise.all([admin, worker].map((instance) => run(instance, first)))).sort(), [false, true]);
});

test('a value expires for all', async () => {
  await run(admin, 'global.set("short", 1);');
  await untilReturns(worker, 'return global.get("short");', 1);
  assert.equal(await run(worker, 'const e = shared.expire(0.3); global.set("short", e); return await e;'), true);
  for (const instance of [admin, worker]) {
    await untilReturns(instance, 'return global.get("short") === undefined;', true);
  }
});

test('values that JSON lacks come to others as what they were', async () => {
  await run(
    admin,
    `global.set("odd", { at: new Date(5), bytes: Buffer.from("b"), map: new Map([[1, new Set([2])]]), none: NaN });`
  );
  await untilReturns(
    worker,
    `const { at, bytes, map, none } = global.get("odd") || {};
     return [at && at.getTime(), Buffer.isBuffer(bytes) && String(bytes), map && map.get(1).has(2), Number.isNaN(none)];`,
    [5, 'b', true, true]
  );
});

test('stores beside each other, and a second one of ours with another prefix', async () => {
  await run(
    admin,
    'global.set("beside", 1, "default"); global.set("beside", 2, "memory"); global.set("beside", 3, "second");'
  );
  await untilReturns(
    worker,
    'return ["default", "memory", "second"].map((store) => global.get("beside", store) ?? null);',
    [1, null, 3]
  );
  assert.equal(await client.get('second:context:global:beside'), '3');
});

test('an object that was changed and not set is told of', async () => {
  await run(admin, 'global.set("live", { n: 1 });');
  await untilReturns(worker, 'return global.get("live.n");', 1);
  await run(worker, 'global.get("live").n = 5;');
  await run(admin, 'global.set("live", { n: 2 });');
  await untilReturns(worker, 'return global.get("live.n");', 2);
  await worker.waitForLog(/'live' of global was changed without 'set'/);
});

test('a restart finds what was set at the very end', async () => {
  await run(worker, 'global.set("last", "words"); flow.set("more", [1]);');
  await worker.restart();
  assert.deepEqual(await run(worker, 'return [global.get("last"), flow.get("more")];'), ['words', [1]]);
});

test('nothing more was asked of the server than the rights allow', async () => {
  const denied = await client.call('ACL', 'LOG');
  assert.deepEqual(denied, []);
  assert.doesNotMatch(admin.logs + worker.logs, /secret-of-the-state/);
});

test('the server is killed and comes back: reads and writes go on, and are shared afterwards', async () => {
  await run(admin, 'global.set("kept", "before");');
  await untilReturns(worker, 'return global.get("kept");', 'before');
  const denied = await client.call('ACL', 'LOG');
  assert.deepEqual(denied, []);
  await server.kill();
  assert.equal(await run(worker, 'return global.get("kept");'), 'before');
  await run(worker, 'global.set("away", "of the worker");');
  await run(admin, 'global.set("away2", "of the admin");');
  assert.equal(await run(worker, 'return global.get("away");'), 'of the worker');
  await assert.rejects(run(worker, 'const n = shared.incr(); global.set("count", n); return await n;'), {
    code: /^ERR_VALKEY_/
  });
  await server.restart();
  // It has lost all: what instances have is put back.
  for (const instance of [admin, worker]) {
    await untilReturns(
      instance,
      'return [global.get("kept"), global.get("away"), global.get("away2")];',
      ['before', 'of the worker', 'of the admin'],
      30_000
    );
  }
  await until(async () => (await client.get('nodered:context:global:kept')) === '"before"', { deadline: 30_000 });
});
