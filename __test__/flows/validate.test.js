'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { flowFault } = require('../../lib/flows/validate.js');

const TAB = { id: 'tab', type: 'tab', label: 'T' };
const node = (more) => ({ id: 'n', type: 'inject', z: 'tab', wires: [], ...more });

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
    { id: 'x', type: 'subflow:t', z: 's', wires: [[]] },
    { id: 'y', type: 'subflow:t', z: 's', wires: [] },
    { id: 'u', type: 'subflow:s', z: 'tab', wires: [] },
    { id: 'v', type: 'subflow:gone', z: 't' },
    { id: 'g', type: 'global-config', env: [], modules: {} }
  ],
  'a node with an env of its own meaning': [node({ env: 'production' })],
  'links between tabs': [
    node({ type: 'link in', links: ['o'] }),
    node({ type: 'link out', links: [] }),
    node({ type: 'link out' }),
    node({ type: 'link call', links: ['i'] }),
    node({ type: 'link call', links: 'i' })
  ],
  'functions with and without modules': [
    node({ type: 'function', libs: [{ var: 'fs', module: 'fs' }] }),
    node({ type: 'function', libs: [] }),
    node({ type: 'function' })
  ],
  'links and libs of their own meaning': [node({ links: 5, libs: 5 })],
  'places left empty': [node({ z: '', g: null })]
};
for (const [name, flows] of Object.entries(FINE)) {
  test(`finds no fault with ${name}`, () => {
    assert.equal(flowFault(flows), undefined);
  });
}

const FAULTY = {
  'wires that are a number': [[node({ wires: 5 })], /'n'.*'wires'/],
  'wires that are null': [[node({ wires: null })], /'wires'/],
  'wires that hold null': [[node({ wires: [null] })], /'wires'/],
  'a type without a name': [[node({ type: '' })], /'type'/],
  'a type that every object has': [[node({ type: 'constructor' })], /'type'/],
  'an id that no object can have': [[node({ id: '__proto__' })], /'id'/],
  'a subflow that every object has': [[node({ type: 'subflow:constructor' })], /'type'/],
  'a subflow that no object can have': [[node({ type: 'subflow:__proto__' })], /'type'/],
  'an instance of no subflow': [[node({ type: 'subflow:' })], /'type'/],
  'a node within itself': [[node({ z: 'n' })], /'n'.*within itself/],
  'an id that every object has': [[node({ id: 'hasOwnProperty' })], /'id'/],
  'a tab that every object has': [[{ ...TAB, id: 'constructor' }], /'id'/],
  'a place that no object can have': [[node({ z: '__proto__' })], /'z'/],
  'a place that every object has': [[node({ z: 'toString' })], /'z'/],
  'a group that every object has': [[node({ g: 'constructor' })], /'g'/],
  'a property that hides what every object has': [[node({ hasOwnProperty: 5 })], /property 'hasOwnProperty'/],
  'a property that no object can have': [
    JSON.parse('[{"id":"n","type":"inject","__proto__":{}}]'),
    /property '__proto__'/
  ],
  'a wire to what every object has': [[node({ wires: [[], ['n', 'constructor']] })], /'wires'/],
  'a wire to what no object can have': [[node({ wires: [[['__proto__']]] })], /'wires'/],
  'a port wired to what every object has': [
    [{ id: 's', type: 'subflow', in: [{ wires: [{ id: '__proto__' }] }] }],
    /'in'/
  ],
  'a link to what no object can have': [[node({ type: 'link in', links: ['__proto__'] })], /'links'/],
  'links that are a number': [[node({ type: 'link in', links: 5 })], /'links'/],
  'links that are an object': [[node({ type: 'link out', links: {} })], /'links'/],
  'links that hold a number': [[node({ type: 'link call', links: [5] })], /'links'/],
  'links that are a text': [[node({ type: 'link out', links: 'i' })], /'links'/],
  'modules that are a number': [[node({ type: 'function', libs: 5 })], /'libs'/],
  'modules that are null': [[node({ type: 'function', libs: [null] })], /'libs'/],
  'a place that is a number': [[node({ z: 5 })], /'z'/],
  'variables that are a number': [[{ ...TAB, env: 5 }], /'tab'.*'env'/],
  'variables that are null': [[{ ...TAB, env: [null] }], /'env'/],
  'variables of an instance': [[node({ type: 'subflow:s', env: {} })], /'env'/],
  'ports without wires': [[{ id: 's', type: 'subflow', out: [{}] }], /'out'/],
  'a group within itself': [[{ id: 'g', type: 'group', g: 'g' }], /group 'g'/],
  'groups within each other': [
    [
      { id: 'a', type: 'group', g: 'b' },
      { id: 'b', type: 'group', g: 'c' },
      { id: 'c', type: 'group', g: 'b' }
    ],
    /group '[bc]'/
  ],
  'subflows within each other': [
    [
      { id: 's', type: 'subflow' },
      { id: 't', type: 'subflow' },
      node({ type: 'subflow:s', z: 't' }),
      node({ type: 'subflow:t', z: 's' })
    ],
    /subflow '[st]'/
  ]
};
for (const [name, [flows, fault]] of Object.entries(FAULTY)) {
  test(`finds ${name}`, () => {
    assert.match(flowFault(flows), fault);
  });
}

test('a chain of groups longer than the stack is deep ends', () => {
  const flows = Array.from({ length: 200_000 }, (_, i) => ({ id: `g${i}`, type: 'group', g: `g${i + 1}` }));
  assert.equal(flowFault(flows), undefined);
});
