'use strict';

// The node of the palette on an admin and a worker: what it does, and that the worker has its type.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { until } = require('../../support/wait.js');
const { startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { run, runFlow } = require('./support/context-flow.js');
const { MODULE, STATE, startSharing, untilReturns } = require('./support/instances.js');
const { withPackage } = require('./support/with-package.js');

const STORES = { default: { module: MODULE }, memory: { module: 'memory' } };

const NODES = {
  count: { operation: 'incr', target: 'count', value: 'payload', valueType: 'msg' },
  part: { operation: 'incr', target: 'totals[msg.topic]', value: '1', valueType: 'num', result: 'total' },
  first: { operation: 'setIfAbsent', target: 'first', value: '{"a":1}', valueType: 'json' },
  append: { operation: 'push', target: 'list', targetType: 'flow', value: 'payload', valueType: 'msg' },
  double: { operation: 'update', target: 'count', value: '$value * payload', valueType: 'jsonata' },
  expire: { operation: 'expire', target: 'first', value: '0.2', valueType: 'num' },
  other: { operation: 'incr', target: '#:(memory)::count', value: '1', valueType: 'num' },
  unknown: { operation: 'toString', target: 'count', value: '1', valueType: 'num' }
};

/** `POST /op/<name>` sends its body through the node of that name and answers with the message or the error. */
function operationFlow() {
  const node = (id, type, properties, next) => ({
    id,
    type,
    z: 'ops',
    x: 1,
    y: 1,
    wires: [[next].flat()],
    ...properties
  });
  const nodes = Object.entries(NODES).flatMap(([name, definition]) => [
    node(`in-${name}`, 'http in', { url: `/op/${name}`, method: 'post' }, `take-${name}`),
    node(
      `take-${name}`,
      'function',
      { func: 'return Object.assign(msg, { payload: msg.payload.value, topic: msg.payload.topic });', outputs: 1 },
      `op-${name}`
    ),
    node(`op-${name}`, 'shared-context', { targetType: 'global', result: 'payload', ...definition }, 'answer')
  ]);
  return [
    { id: 'ops', type: 'tab', label: 'Operations' },
    ...nodes,
    node('catch', 'catch', { scope: Object.keys(NODES).map((name) => `op-${name}`) }, 'fault'),
    node('fault', 'function', { func: 'msg.fault = msg.error.message; return msg;', outputs: 1 }, 'answer'),
    node(
      'answer',
      'function',
      { func: 'msg.payload = { payload: msg.payload, total: msg.total, fault: msg.fault }; return msg;', outputs: 1 },
      'out'
    ),
    node('out', 'http response', {}, [])
  ];
}

async function operate(instance, name, body = {}) {
  const { status, text } = await instance.http(`/op/${name}`, { method: 'POST', body });
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

let server;
let admin;
let worker;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine('nodered:', STATE.password, { name: STATE.username })] });
  const settings = { contextStorage: STORES };
  admin = await startSharing('admin', server, {
    flows: [...runFlow(), ...operationFlow()],
    userDir: withPackage(),
    settings
  });
  worker = await startSharing('worker', server, { userDir: withPackage(), settings });
  await until(async () => (await worker.http('/op/count', { method: 'POST', body: { value: 0 } })).status === 200);
});

after(stopAll);

test('each operation is one step for all instances', async () => {
  const times = [...Array(50).keys()];
  const counted = await Promise.all(
    times.flatMap(() => [operate(admin, 'count', { value: 2 }), operate(worker, 'count', { value: '1' })])
  );
  assert.equal(Math.max(...counted.map(({ payload }) => payload)), 150);
  await Promise.all(times.map((i) => operate(i % 2 ? admin : worker, 'append', { value: i })));
  await untilReturns(admin, 'return global.get("count");', 150);

  const firsts = await Promise.all([admin, worker].map((instance) => operate(instance, 'first')));
  assert.deepEqual(firsts.map(({ payload }) => payload).sort(), [false, true]);
  await untilReturns(worker, 'return global.get("first");', { a: 1 });

  assert.equal((await operate(admin, 'append', { value: 'last' })).payload, 51);
  assert.equal((await operate(worker, 'double', { value: 2 })).payload, 300);
  assert.deepEqual(await operate(worker, 'part', { value: 'kept', topic: 'red' }), { payload: 'kept', total: 1 });
  assert.deepEqual(await operate(admin, 'part', { value: 'kept', topic: 'red' }), { payload: 'kept', total: 2 });
  assert.equal((await operate(admin, 'expire')).payload, true);
  await untilReturns(worker, 'return global.get("first") === undefined;', true);
});

test('what can not be done is an error of the node, and changes nothing', async () => {
  await run(worker, 'global.set("count", 1, "memory");');
  assert.match((await operate(worker, 'other')).fault, /'memory' is not shared/);
  assert.equal(await run(worker, 'return global.get("count", "memory");'), 1);
  assert.match((await operate(worker, 'count', { value: 'no number' })).fault, /takes a finite number/);
  assert.match((await operate(worker, 'unknown', { value: 1 })).fault, /no operation 'toString'/);
  await run(worker, 'global.set("count", "a text");');
  assert.match((await operate(worker, 'count', { value: 1 })).fault, /number/);
});

test('the type is of this package, and there once', async () => {
  for (const instance of [admin, worker]) {
    assert.doesNotMatch(instance.logs, /shared-context.*(already|duplicate)|already.*shared-context/i);
  }
  const { text } = await admin.http('/nodes', { headers: { accept: 'application/json' } });
  const sets = JSON.parse(text).filter(({ types }) => types.includes('shared-context'));
  assert.deepEqual(
    sets.map(({ module, enabled, err }) => [module, enabled, err]),
    [['node-red-storage-valkey', true, undefined]]
  );
});
