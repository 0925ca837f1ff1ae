'use strict';

// Options as an operator gets them wrong, through index.js: in a real Node-RED, and in two
// instances within one process.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { openInstance } = require('../faults/support/addon.js');
const { startNodeRed } = require('../support/node-red.js');
const { startProxy } = require('../support/proxy.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

let server;
const instances = [];

before(async () => {
  server = await startServer();
});

after(async () => {
  instances.forEach((instance) => instance.kill());
  await server?.stop();
});

async function start(options) {
  const instance = await startNodeRed({ role: 'admin', server, ...options });
  instances.push(instance);
  return instance;
}

for (const [name, valkey] of [
  ['role', { role: 'boss' }],
  ['port', { port: 'six' }],
  ['reload', { role: 'worker', reload: 'all' }]
]) {
  test(`Node-RED does not start its flows with a wrong '${name}', and names it`, async () => {
    const instance = await start({ valkey, wait: false });
    await instance.waitForLog(
      new RegExp(`\\[error\\] \\[ValkeyStorage\\] ERR_VALKEY_OPTION: option '${name}' must be `)
    );
    await instance.waitUntilEnded();
    // For a supervisor that starts what has failed, and for who looks at its list.
    assert.equal(instance.child.exitCode, 1);
    assert.doesNotMatch(instance.logs, /Started flows/);
  });
}

test('the first line says what this is, and where', async () => {
  const password = 'not-to-be-told';
  const valkey = { keyPrefix: 'mine:', db: 3, password, role: 'worker' };
  const instance = await start({ valkey, wait: 'listening' });
  const [first] = instance.logs.split('\n').filter((line) => line.includes('[ValkeyStorage]'));
  const { version } = require('../../package.json');
  assert.ok(
    first.endsWith(
      `[info] [ValkeyStorage] node-red-storage-valkey ${version}: worker of 'mine:' at ${server.host}:${server.port}, db 3`
    ),
    first
  );
  assert.doesNotMatch(instance.logs, new RegExp(password));
  await instance.stop();
});

test('an option that does not exist is warned of with the one that may be meant', async () => {
  const instance = await start({ valkey: { keyprefix: 'x:', role: 'admin' }, flows: [] });
  assert.match(instance.logs, /\[warn\] \[ValkeyStorage\] .*'keyprefix'.*did you mean 'keyPrefix'\?/);
  await instance.stop();
});

test('two instances in one process have each their own log', async () => {
  const proxies = [await startProxy(server), await startProxy(server)];
  const workers = [];
  try {
    for (const proxy of proxies) {
      workers.push(
        await openInstance({
          role: 'worker',
          server: proxy,
          wait: false,
          valkey: { keyPrefix: 'own-log:', keyPrfix: 'x:' }
        })
      );
    }
    const has = (worker, text) => worker.lines.filter((line) => line.includes(text)).length;
    await until(() => workers.every((worker) => has(worker, "waiting for the admin's first deploy") === 1), {
      message: () => `lines of the core in each log:\n${workers.map((worker) => worker.log()).join('\n--\n')}`
    });
    workers.forEach((worker, i) => {
      assert.equal(has(worker, "did you mean 'keyPrefix'?"), 1, worker.log());
      assert.equal(has(worker, `Connected to 127.0.0.1:${proxies[i].port}`), 1, worker.log());
      assert.equal(has(worker, String(proxies[1 - i].port)), 0, worker.log());
    });
    proxies[0].cut();
    await until(() => has(workers[0], 'Connection lost') === 1, { message: 'the loss in its log' });
    proxies[1].drop();
    await until(() => has(workers[1], 'Connected to') === 2, { message: 'another connection in its log' });
    assert.equal(has(workers[0], 'Connected to'), 1, workers[0].log());
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
});
