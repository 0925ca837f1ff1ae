'use strict';

// The same flows on Node-RED's own memory store and on ours, in real Node-RED processes: nodes and the context sidebar
// get the same answers.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { raw, startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { CONTEXT, TAB, contextFlow } = require('./support/context-flow.js');

const SEEDS = raw('{ seeded: "a seed", seedOf: { fn() {} } }');

let server;
let memory;
let ours;

before(async () => {
  server = await startServer();
  [memory, ours] = await Promise.all([
    startNodeRed({ flows: contextFlow(), settings: { functionGlobalContext: SEEDS } }),
    startNodeRed({
      role: 'admin',
      server,
      flows: contextFlow(),
      settings: {
        functionGlobalContext: SEEDS,
        contextStorage: { default: { module: raw(`require(${JSON.stringify(CONTEXT)})`) } }
      }
    })
  ]);
});

after(async () => {
  await memory?.stop();
  await ours?.stop();
  await server?.stop();
});

const answer = async (instance, target, options) => {
  const { status, text } = await instance.http(target, options);
  return { status, body: text === '' ? '' : JSON.parse(text) };
};

/** The stores have different names in the sidebar. */
const withoutName = ({ status, body }) => ({ status, body: body?.memory ?? body?.default ?? body });

test('Change, Switch, Template, JSONata and Function nodes', async () => {
  const expected = await answer(memory, '/context');
  assert.equal(expected.status, 200);
  assert.deepEqual(await answer(ours, '/context'), expected);
});

test('Inject nodes', async () => {
  for (const instance of [memory, ours]) {
    await instance.http('/inject/inject', { method: 'POST', body: {} });
    await until(async () => (await answer(instance, '/context/global/injected')).body?.msg);
  }
});

test('the context sidebar', async () => {
  const targets = [
    '/context/global',
    '/context/global/moved',
    '/context/global/none',
    '/context/global/injected',
    `/context/flow/${TAB}`,
    `/context/flow/${TAB}/obj`,
    '/context/node/function',
    '/context/node/function/own',
    '/context/node/none'
  ];
  const compare = async (options) => {
    for (const target of targets) {
      const [expected, actual] = await Promise.all([memory, ours].map((instance) => answer(instance, target, options)));
      assert.deepEqual(withoutName(actual), withoutName(expected), `${options?.method} ${target}`);
    }
  };
  await compare();
  for (const target of ['/context/global/moved', `/context/flow/${TAB}/obj`]) {
    for (const [instance, store] of [
      [memory, 'memory'],
      [ours, 'default']
    ]) {
      const { status } = await instance.http(`${target}?store=${store}`, { method: 'DELETE' });
      assert.equal(status, 204, target);
    }
  }
  await compare();
});
