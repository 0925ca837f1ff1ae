'use strict';

// Every way in which nodes of Node-RED's own use context, behind HTTP: the answer is what they have read.

const path = require('node:path');

const CONTEXT = path.join(__dirname, '..', '..', '..', '..', 'context.js');

const TAB = 'context-tab';

const node = (id, type, properties, next) => ({ id, type, z: TAB, x: 1, y: 1, wires: [[next].flat()], ...properties });

const set = (pt, p, tot, to) => ({ t: 'set', p, pt, to, tot });

const read = `
const { payload } = msg;
const seen = {};
flow.set('n', 1);
flow.set(['a', 'b', 'c'], [1, { list: [1, 2, 3] }]);
seen.list = flow.get(['a', 'b', 'c', 'none']);
flow.set('b.list[1]', undefined);
flow.set('b.made.by["a path"][1]', 'x');
seen.path = flow.get('b');
seen.invalid = [];
for (const key of ['b..c', 'b[', '']) {
  try { flow.get(key); seen.invalid.push('none'); } catch (error) { seen.invalid.push(error.code || error.message); }
}
context.set('own', new Date(5));
seen.own = context.get('own');
seen.same = (() => { const o = {}; global.set('o', o); return global.get('o') === o; })();
seen.seed = [global.get('seeded'), typeof global.get('seedOf.fn')];
flow.set('a', undefined);
seen.keys = [flow.keys(), context.keys(), global.keys()];
flow.get('b.list', (error, list) => {
  global.set('later', list, (failure) => {
    global.keys((fault, keys) => {
      seen.later = [error, failure, fault, global.get('later'), keys];
      node.send({ ...msg, payload: { ...payload, seen } });
    });
  });
});`;

/** `/context` answers with what was read; `inject` is the id of an Inject node that reads from context. */
function contextFlow() {
  return [
    { id: TAB, type: 'tab', label: 'Context' },
    node('in', 'http in', { url: '/context', method: 'get' }, 'change'),
    node(
      'change',
      'change',
      {
        rules: [
          set('flow', 'obj.list[1]', 'str', 'x'),
          set('flow', 'obj.name', 'str', 'an object'),
          set('flow', '"with space".z', 'json', '{"deep":[1]}'),
          set('global', 'count', 'num', '5'),
          { t: 'move', p: 'count', pt: 'global', to: 'moved', tot: 'global' },
          { t: 'delete', p: 'obj.list[0]', pt: 'flow' },
          set('msg', 'payload', 'json', '{}'),
          set('msg', 'payload.object', 'flow', 'obj'),
          set('msg', 'payload.none', 'global', 'count'),
          { t: 'change', p: 'obj.name', pt: 'flow', from: 'an', fromt: 'str', to: 'the', tot: 'str' },
          set(
            'msg',
            'payload.jsonata',
            'jsonata',
            '[$flowContext("obj.name"), $globalContext("moved"), $flowContext("none")]'
          )
        ]
      },
      'switch'
    ),
    {
      ...node('switch', 'switch', {
        property: 'moved',
        propertyType: 'global',
        rules: [
          { t: 'eq', v: 'obj.name', vt: 'flow' },
          { t: 'gt', v: '4', vt: 'num' }
        ],
        checkall: 'true',
        outputs: 2
      }),
      wires: [[], ['template']]
    },
    node(
      'template',
      'template',
      {
        field: 'payload.text',
        fieldType: 'msg',
        syntax: 'mustache',
        template: '{{flow.obj.name}} {{global.moved}} {{flow.none}} {{{flow.obj.list}}}'
      },
      'function'
    ),
    node('function', 'function', { func: read, outputs: 1 }, 'out'),
    node('out', 'http response', {}, []),
    node(
      'inject',
      'inject',
      {
        props: [
          { p: 'payload', v: 'obj', vt: 'flow' },
          { p: 'topic', v: 'moved', vt: 'global' }
        ],
        repeat: ''
      },
      'injected'
    ),
    node('injected', 'function', { func: 'global.set("injected", [msg.payload, msg.topic]);', outputs: 1 }, [])
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

module.exports = { CONTEXT, TAB, contextFlow, run, runFlow };
