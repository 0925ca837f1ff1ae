'use strict';

// The same flows on Node-RED's own memory store and on ours, in real Node-RED processes: nodes and the context sidebar
// get the same answers.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { until } = require('../../support/wait.js');
const { startBoth } = require('./support/beside-memory.js');
const { contextFlow } = require('./support/context-flow.js');

const SEEDS = '{ seeded: "a seed", seedOf: { fn() {} } }';
/** `undefined` is the default one. */
const STORES = [undefined, 'second', 'beside'];

let both;
let server;
let memory;
let ours;

before(async () => {
  both = await startBoth(STORES.flatMap(contextFlow), SEEDS);
  ({ server, memory, ours } = both);
});

after(() => both?.stop());

const answer = async (instance, target, options) => {
  const { status, text } = await instance.http(target, options);
  return { status, body: text === '' ? '' : JSON.parse(text) };
};

/** Both are asked; the answer, which has to be the same. */
async function same(target, options) {
  const [expected, actual] = await Promise.all([memory, ours].map((instance) => answer(instance, target, options)));
  assert.deepEqual(actual, expected, `${options?.method ?? 'GET'} ${target}`);
  return actual;
}

for (const store of STORES) {
  const named = (id) => (store ? `${store}-${id}` : id);

  test(`Change, Switch, Template, JSONata and Function nodes: ${store ?? 'default'}`, async () => {
    const { status, body } = await same(`/${named('context')}`);
    assert.equal(status, 200);
    assert.deepEqual([body.text, body.jsonata], ['the object 5  x', ['the object', 5]]);
    assert.deepEqual(body.seen.path, { list: [1, 3], made: { by: { 'a path': [null, 'x'] } } });
  });

  test(`Inject nodes: ${store ?? 'default'}`, async () => {
    const name = store ?? 'default';
    for (const instance of [memory, ours]) {
      await instance.http(`/inject/${named('inject')}`, { method: 'POST', body: {} });
      await until(async () => (await answer(instance, `/context/global/injected?store=${name}`)).body?.msg);
    }
    await same(`/context/global/injected?store=${name}`);
  });
}

const scopesOf = (named) => ['global', `flow/${named('context-tab')}`, `node/${named('function')}`];

async function compareSidebar() {
  for (const target of ['global', 'node/none', 'flow/none', 'global/none']) {
    await same(`/context/${target}`);
  }
  for (const store of STORES) {
    const named = (id) => (store ? `${store}-${id}` : id);
    for (const scope of scopesOf(named)) {
      const all = await same(`/context/${scope}`);
      assert.equal(all.status, 200, `${scope}: ${JSON.stringify(all.body)}`);
      for (const [name, values] of Object.entries(all.body)) {
        for (const key of [...Object.keys(values), 'none']) {
          await same(`/context/${scope}/${encodeURIComponent(key)}?store=${name}`);
        }
      }
      await same(`/context/${scope}?store=${store ?? 'default'}`);
      await same(`/context/${scope}?store=none`);
    }
  }
}

test('the context sidebar, before and after it deletes', async () => {
  await compareSidebar();
  for (const store of STORES) {
    for (const target of ['global/moved', `flow/${store ? `${store}-` : ''}context-tab/obj`, 'global/none']) {
      const { status } = await same(`/context/${target}?store=${store ?? 'default'}`, { method: 'DELETE' });
      assert.equal(status, 204, target);
    }
  }
  await compareSidebar();
});

test('the second store has its keys below its own prefix', async () => {
  const keys = async () => (await server.client().keys('*context:global:later')).sort();
  await until(async () => (await keys()).length === 2);
  assert.deepEqual(await keys(), ['nodered:context:global:later', 'second:context:global:later']);
});
