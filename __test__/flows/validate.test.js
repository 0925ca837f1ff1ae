'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { endlessEntry } = require('../../lib/flows/endless.js');
const { flowFault } = require('../../lib/flows/validate.js');

// The Node-RED that is asked what it can read.
const nodeRed = path.dirname(require.resolve('node-red/package.json'));
require(require.resolve('@node-red/runtime/lib/flows/util.js', { paths: [nodeRed] }));

const TAB = { id: 'tab', type: 'tab', label: 'T' };
const AT = { x: 1, y: 1 };
const node = (more) => ({ id: 'n', type: 'inject', z: 'tab', ...AT, wires: [], ...more });
const parsed = (text) => [JSON.parse(text)];
const nested = (depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

const FINE = {
  'an empty array': [],
  'what an editor makes': [
    { ...TAB, disabled: false, env: [{ name: 'A', value: '1', type: 'str' }] },
    node({ wires: [['o', 'p'], []] }),
    { id: 'config', type: 'mqtt-broker' },
    { id: 'outer', type: 'group', z: 'tab', nodes: ['inner'] },
    { id: 'inner', type: 'group', z: 'tab', g: 'outer', nodes: ['n'], env: [] },
    { id: 's', type: 'subflow', in: [{ wires: [{ id: 'x' }] }], out: [{ wires: [] }], env: [], status: { wires: [] } },
    { id: 't', type: 'subflow' },
    { id: 'x', type: 'subflow:t', z: 's', ...AT, wires: [[]] },
    { id: 'y', type: 'subflow:t', z: 's', ...AT, wires: [] },
    { id: 'u', type: 'subflow:s', z: 'tab', ...AT, wires: [] },
    { id: 'v', type: 'subflow:gone', z: 't' },
    { id: 'g', type: 'global-config', env: [], modules: {} }
  ],
  // What a client of the API writes, or a hand that edits the file: Node-RED runs it.
  'wires that are null, flat, a number or hold something else': [null, ['o'], 5, [null], [[7]], [['o', null]], {}].map(
    (wires, id) => node({ id: `n${id}`, wires })
  ),
  'ids that are numbers, null, arrays, or missing': [7, null, false, ['a'], {}, undefined].map((id) => node({ id })),
  'two nodes with one id': [node(), node()],
  'places that are something else': [node({ z: 5, g: 7 }), node({ id: 'm', z: ['tab'], g: {} }), node({ z: 'n' })],
  'an env that is something else': [
    { ...TAB, env: {} },
    node({ env: 'production' }),
    { id: 'g', type: 'group', env: 5 }
  ],
  'an env that holds null, which keeps only that tab from starting': [{ ...TAB, env: [null] }],
  'ports without wires, which keep only that subflow from starting': [{ id: 's', type: 'subflow', out: [{}], in: 5 }],
  'links that are something else': [node({ type: 'link call', links: 5 }), node({ type: 'link in', links: [5, null] })],
  'links and libs of their own meaning': [node({ links: 5, libs: [null] })],
  'libs that are something else': [
    node({ type: 'function', libs: 5 }),
    node({ type: 'function', d: true, libs: [null] })
  ],
  'names of what every object has': [
    { ...TAB, id: 'constructor' },
    node({ id: 'toString', z: 'constructor', g: 'valueOf', wires: [['constructor', '__proto__']] })
  ],
  'properties that are named so': [node({ constructor: 5, valueOf: { a: 1 } })],
  'deep nesting': [node({ deep: nested(600) })],
  'a type that is not installed': [node({ type: 'nowhere' }), node({ id: 'm', type: 'subflow:' })],
  'a subflow within itself that nothing uses': [{ id: 's', type: 'subflow' }, node({ type: 'subflow:s', z: 's' })],
  'a subflow within itself on a tab that is disabled, or disabled itself': [
    { ...TAB, disabled: true },
    { id: 's', type: 'subflow' },
    node({ type: 'subflow:s', z: 's' }),
    node({ id: 'm', type: 'subflow:s' }),
    node({ id: 'o', type: 'subflow:s', z: 'another', d: true })
  ],
  'groups within each other on a tab that is disabled, or on none': [
    { ...TAB, disabled: true },
    { id: 'a', type: 'group', z: 'tab', g: 'b' },
    { id: 'b', type: 'group', z: 'tab', g: 'a' },
    { id: 'c', type: 'group', g: 'c' }
  ]
};
for (const [name, flows] of Object.entries(FINE)) {
  test(`finds no fault with ${name}`, () => {
    assert.equal(flowFault(flows), undefined);
  });
}

const SUBFLOW = { id: 's', type: 'subflow', name: 'S' };
const FAULTY = {
  'an entry that is null': [[TAB, null], /^entry 1 is no node: it is not an object$/],
  'an entry that is a list': [[[]], /^entry 0/],
  'a node without a type': [[{ id: 'n' }], /^entry 0 .*'type'/],
  'a type that is no text': [[node({ type: ['inject'] })], /'type'/],
  'a type that is empty': [[node({ type: '' })], /'type'/],
  // Node-RED's own word.
  'a type that every object has': [[node({ type: 'constructor' })], /Node-RED can't read them .*'n' \(constructor\)/],
  'a place that every object has': [[node({ z: 'toString' })], /can't read them .*'n'/],
  'a place that no object can have': [[node({ z: '__proto__' })], /can't read them/],
  'links that are a number': [[node({ type: 'link in', links: 5 })], /can't read them .*'n' \(link in\)/],
  'a property that hides what every object has': [[node({ hasOwnProperty: 5 })], /can't read them/],
  'a property without a text form': [[node({ label: { toString: 5 } })], /can't read them/],
  'deeper nesting than Node-RED can read': [[node({ deep: nested(40_000) })], /can't read them .*stack/],
  // What it would not survive.
  'an id that is in the way': [[{ ...TAB, id: 'hasOwnProperty' }], /'hasOwnProperty' \(tab\).*'id'/],
  'an id that is no name': [parsed('{"id":{"__proto__":null},"type":"inject"}'), /'id'/],
  'a link to what no object can have': [[TAB, node({ type: 'link in', links: ['__proto__'] })], /in tab 'T'.*'links'/],
  'the same in an array': [[node({ type: 'link out', links: [['__proto__']] })], /'links'/],
  'a port that no array can have': [[{ ...SUBFLOW, status: { wires: [{ id: 'n', port: '__proto__' }] } }], /port/],
  'modules that are null': [[TAB, node({ type: 'function', libs: [null] })], /'n' \(function\) in tab 'T'.*'libs'/],
  'a group within itself': [[TAB, { id: 'g', type: 'group', z: 'tab', g: 'g' }], /'g' \(group\) in tab 'T'/],
  'groups within each other': [
    [
      TAB,
      { id: 'a', type: 'group', z: 'tab', g: 'b' },
      { id: 'b', type: 'group', z: 'tab', g: 'c' },
      { id: 'c', type: 'group', z: 'tab', g: 'b' }
    ],
    /'[abc]' \(group\)/
  ],
  'a group in one that is not there': [[TAB, { id: 'g', type: 'group', z: 'tab', g: 'gone' }], /'g' \(group\)/],
  'a group in one of another tab': [
    [
      TAB,
      { ...TAB, id: 'other' },
      { id: 'g', type: 'group', z: 'tab', g: 'h' },
      { id: 'h', type: 'group', z: 'other' }
    ],
    /'g' \(group\)/
  ],
  'such a group in a subflow that runs': [
    [TAB, SUBFLOW, { id: 'g', type: 'group', z: 's', g: 'gone' }, node({ type: 'subflow:s' })],
    /'g' \(group\) in subflow 'S'/
  ],
  'subflows within each other': [
    [
      TAB,
      SUBFLOW,
      { id: 't', type: 'subflow' },
      node({ type: 'subflow:s', z: 't' }),
      node({ id: 'm', type: 'subflow:t', z: 's' }),
      node({ id: 'o', type: 'subflow:t' })
    ],
    /'[st]' \(subflow\)/
  ],
  'the same on a tab that Node-RED adds, with ids that are numbers': [
    [
      { id: 7, type: 'subflow' },
      node({ type: 'subflow:7', z: 7 }),
      node({ id: 'm', type: 'inject', subflow: 7, z: 'not there' })
    ],
    /'7' \(subflow\)/
  ]
};
for (const [name, [flows, message]] of Object.entries(FAULTY)) {
  test(`finds fault with ${name}`, () => {
    assert.match(flowFault(flows), message);
  });
}

test('before Node-RED 3.1, which starts no groups, one that is not there is not missed', () => {
  const inOneThatIsGone = [TAB, { id: 'g', type: 'group', z: 'tab', g: 'gone' }];
  assert.equal(endlessEntry(inOneThatIsGone, true)?.id, 'g');
  assert.equal(endlessEntry(inOneThatIsGone, false), undefined);
  const [acrossTabs] = FAULTY['a group in one of another tab'];
  assert.equal(endlessEntry(acrossTabs, false), undefined);
  const within = acrossTabs.map((entry) => (entry.id === 'h' ? { ...entry, g: 'g' } : entry));
  assert.match(endlessEntry(within, false)?.id, /^[gh]$/, 'a look for a variable would never end');
});

test('changes nothing of what it looks at', () => {
  const flows = [
    TAB,
    node({ z: 'constructor' }),
    ...parsed('{"id":"p","type":"link in","links":["a"],"__proto__":{}}')
  ];
  const text = JSON.stringify(flows);
  flowFault(flows);
  assert.equal(JSON.stringify(flows), text);
});

test('follows chains that are longer than the stack', () => {
  const length = 20_000;
  const groups = Array.from({ length }, (_, i) => ({ id: `g${i}`, type: 'group', z: 'tab', g: i ? `g${i - 1}` : '' }));
  const subflows = Array.from({ length }, (_, i) => [
    { id: `s${i}`, type: 'subflow' },
    node({ id: `i${i}`, type: `subflow:s${i}`, z: i ? `s${i - 1}` : 'tab' })
  ]);
  assert.equal(flowFault([TAB, ...groups.reverse(), ...subflows.flat()]), undefined);
  const loop = node({ id: 'loop', type: 'subflow:s0', z: `s${length - 1}` });
  assert.match(flowFault([TAB, ...subflows.flat(), loop]), /\(subflow\)/);
});
