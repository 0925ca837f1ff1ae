'use strict';

// Every way in which nodes of Node-RED's own use context, behind HTTP: the answer is what they have read.

const path = require('node:path');

const CONTEXT = path.join(__dirname, '..', '..', '..', '..', 'context.js');

/** Keys in a store, `undefined` for the default one, as nodes name them. */
const inStore = (store) => (key) => (store ? `#:(${store})::${key}` : key);

/** What the Function node does; `S` ends the arguments of a call with the store. */
const read = (store) =>
  `
const { payload } = msg;
const seen = {};
flow.set('n', 1 S);
flow.set(['a', 'b', 'c'], [1, { list: [1, 2, 3] }] S);
seen.list = flow.get(['a', 'b', 'c', 'none'] S);
flow.set('b.list[1]', undefined S);
flow.set('b.made.by["a path"][1]', 'x' S);
seen.path = flow.get('b' S);
seen.invalid = [];
for (const key of ['b..c', 'b[', '']) {
  try { flow.get(key S); seen.invalid.push('none'); } catch (error) { seen.invalid.push(error.code || error.message); }
}
context.set('own', new Date(5) S);
seen.own = context.get('own' S);
seen.same = (() => { const o = {}; global.set('o', o S); return global.get('o' S) === o; })();
seen.seed = [global.get('seeded' S), typeof global.get('seedOf.fn' S)];
seen.spaced = flow.get('"with space".z' S);
// The sidebar of Node-RED can't show such a name, in any store.
flow.set('"with space"', undefined S);
flow.set('a', undefined S);
seen.keys = [flow.keys(K), context.keys(K), global.keys(K)];
flow.get('b.list' S, (error, list) => {
  global.set('later', list S, (failure) => {
    global.keys(K_ (fault, keys) => {
      seen.later = [error, failure, fault, global.get('later' S), keys];
      node.send({ ...msg, payload: { ...payload, seen } });
    });
  });
});`
    .replace(/ S\b/g, store ? `, '${store}'` : '')
    .replace(/K_/g, store ? `'${store}',` : '')
    .replace(/\(K\)/g, store ? `('${store}')` : '()');

/**
 * `/context` answers with what was read; `inject` is the id of an Inject node that reads from context. In a store that is
 * named, all ids and the URL begin with its name and `-`.
 */
function contextFlow(store) {
  const named = (id) => (store ? `${store}-${id}` : id);
  const tab = named('context-tab');
  const key = inStore(store);
  const node = (id, type, properties, ...next) => ({
    id: named(id),
    type,
    z: tab,
    x: 1,
    y: 1,
    wires: next.map((ids) => ids.map(named)),
    ...properties
  });
  const set = (pt, p, tot, to) => ({ t: 'set', p, pt, to, tot });
  const ofStore = store ? `, "${store}"` : '';
  const tags = store ? `[${store}]` : '';
  return [
    { id: tab, type: 'tab', label: 'Context' },
    node('in', 'http in', { url: `/${named('context')}`, method: 'get' }, ['change']),
    node(
      'change',
      'change',
      {
        rules: [
          set('flow', key('obj.list[1]'), 'str', 'x'),
          set('flow', key('obj.name'), 'str', 'an object'),
          set('flow', key('"with space".z'), 'json', '{"deep":[1]}'),
          set('global', key('count'), 'num', '5'),
          { t: 'move', p: key('count'), pt: 'global', to: key('moved'), tot: 'global' },
          { t: 'delete', p: key('obj.list[0]'), pt: 'flow' },
          set('msg', 'payload', 'json', '{}'),
          set('msg', 'payload.object', 'flow', key('obj')),
          set('msg', 'payload.none', 'global', key('count')),
          { t: 'change', p: key('obj.name'), pt: 'flow', from: 'an', fromt: 'str', to: 'the', tot: 'str' },
          set(
            'msg',
            'payload.jsonata',
            'jsonata',
            `[$flowContext("obj.name"${ofStore}), $globalContext("moved"${ofStore}), $flowContext("none"${ofStore})]`
          )
        ]
      },
      ['switch']
    ),
    node(
      'switch',
      'switch',
      {
        property: key('moved'),
        propertyType: 'global',
        rules: [
          { t: 'eq', v: key('obj.name'), vt: 'flow' },
          { t: 'gt', v: '4', vt: 'num' }
        ],
        checkall: 'true',
        outputs: 2
      },
      [],
      ['template']
    ),
    node(
      'template',
      'template',
      {
        field: 'payload.text',
        fieldType: 'msg',
        syntax: 'mustache',
        template: `{{flow${tags}.obj.name}} {{global${tags}.moved}} {{flow${tags}.none}} {{{flow${tags}.obj.list}}}`
      },
      ['function']
    ),
    node('function', 'function', { func: read(store), outputs: 1 }, ['out']),
    node('out', 'http response', {}),
    node(
      'inject',
      'inject',
      {
        props: [
          { p: 'payload', v: key('obj'), vt: 'flow' },
          { p: 'topic', v: key('moved'), vt: 'global' }
        ],
        repeat: ''
      },
      ['injected']
    ),
    node('injected', 'function', { func: `global.set("injected", [msg.payload, msg.topic]${ofStore});`, outputs: 1 })
  ];
}

/** A tab whose Function node runs what it is sent: `POST /run` with the source as its body, the result as JSON. */
function runFlow() {
  return [
    { id: 'run-tab', type: 'tab', label: 'Run' },
    { id: 'run-in', type: 'http in', z: 'run-tab', url: '/run', method: 'post', x: 1, y: 1, wires: [['run']] },
    {
      id: 'run',
      type: 'function',
      z: 'run-tab',
      x: 1,
      y: 1,
      outputs: 1,
      func: `
const AsyncFunction = (async () => {}).constructor;
const run = new AsyncFunction('global', 'flow', 'context', 'shared', msg.payload.source);
try {
  msg.payload = { result: await run(global, flow, context, global.get('shared')) };
} catch (error) {
  msg.payload = { error: error.message, code: error.code };
}
return msg;`,
      wires: [['run-out']]
    },
    { id: 'run-out', type: 'http response', z: 'run-tab', x: 1, y: 1, wires: [] }
  ];
}

/** Runs source in the Function node of an instance; what it returns, or its error thrown. */
async function run(instance, source) {
  const { status, text } = await instance.http('/run', { method: 'POST', body: { source: String(source) } });
  if (status !== 200) {
    throw new Error(`${status}: ${text}`);
  }
  const { result, error, code } = JSON.parse(text);
  if (error !== undefined) {
    throw Object.assign(new Error(error), { code });
  }
  return result;
}

module.exports = { CONTEXT, contextFlow, run, runFlow };
