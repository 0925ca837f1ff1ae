'use strict';

// Flows with something odd in them: a working flow that has every kind of node in it, one or more
// places of which hold what no editor would put there.

const path = require('node:path');

const { version: VERSION } = require(path.join(process.env.TEST_NODE_RED || 'node-red', 'package.json'));

/** What a tls-config needs to be made. */
const TLS = {
  cert: '',
  key: '',
  ca: '',
  certname: '',
  keyname: '',
  caname: '',
  servername: '',
  verifyservercert: true
};

/** Every kind of entry that Node-RED treats in a way of its own, wired to each other. */
function wholeFlow() {
  return entries().filter(({ type }) => type !== 'global-config' || !VERSION.startsWith('3.0.'));
}

function entries() {
  const at = { x: 100, y: 40 };
  return [
    { id: 'route-tab', type: 'tab', label: 'Route', disabled: false, env: [{ name: 'R', value: 'r', type: 'str' }] },
    { id: 'in', type: 'http in', z: 'route-tab', url: '/alive', method: 'get', ...at, wires: [['set']] },
    {
      id: 'set',
      type: 'change',
      z: 'route-tab',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'alive', tot: 'str' }],
      ...at,
      wires: [['out']]
    },
    { id: 'out', type: 'http response', z: 'route-tab', ...at, wires: [] },
    { id: 'tab', type: 'tab', label: 'Odd', disabled: false, info: '', env: [{ name: 'A', value: '1', type: 'num' }] },
    { id: 'off', type: 'tab', label: 'Off', disabled: true, env: [] },
    {
      id: 'inject',
      type: 'inject',
      z: 'tab',
      g: 'inner',
      props: [{ p: 'payload' }],
      ...at,
      wires: [['fn', 'junction']]
    },
    {
      id: 'fn',
      type: 'function',
      z: 'tab',
      func: 'return msg;',
      outputs: 2,
      libs: [],
      ...at,
      wires: [['link-out'], []]
    },
    { id: 'link-out', type: 'link out', z: 'tab', mode: 'link', links: ['link-in'], ...at, wires: [] },
    { id: 'link-in', type: 'link in', z: 'tab', links: ['link-out'], ...at, wires: [['call']] },
    {
      id: 'call',
      type: 'link call',
      z: 'tab',
      links: ['link-in'],
      linkType: 'static',
      timeout: '30',
      ...at,
      wires: [[]]
    },
    { id: 'junction', type: 'junction', z: 'tab', ...at, wires: [['instance']] },
    { id: 'catch', type: 'catch', z: 'tab', scope: ['fn'], uncaught: false, ...at, wires: [[]] },
    { id: 'status', type: 'status', z: 'tab', scope: null, ...at, wires: [[]] },
    { id: 'complete', type: 'complete', z: 'tab', scope: ['fn'], uncaught: false, ...at, wires: [[]] },
    { id: 'comment', type: 'comment', z: 'tab', name: 'c', info: '', ...at, wires: [] },
    { id: 'probe', type: 'running', z: 'tab', name: 'p', tls: 'config', d: false, ...at, wires: [['fn']] },
    { id: 'outer', type: 'group', z: 'tab', nodes: ['inner'], env: [{ name: 'G', value: 'g', type: 'str' }], ...at },
    { id: 'inner', type: 'group', z: 'tab', g: 'outer', nodes: ['inject'], env: [], name: '${G}', ...at },
    { id: 'in-off', type: 'running', z: 'off', ...at, wires: [['fn']] },
    { id: 'local', type: 'tls-config', z: 'tab', name: 'l', ...TLS },
    { id: 'config', type: 'tls-config', name: 'c', ...TLS },
    { id: 'global', type: 'global-config', env: [{ name: 'E', value: 'e', type: 'str' }] },
    {
      id: 'sub',
      type: 'subflow',
      name: 'S',
      in: [{ ...at, wires: [{ id: 'sub-a' }] }],
      out: [{ ...at, wires: [{ id: 'sub-a', port: 0 }] }],
      status: { ...at, wires: [{ id: 'sub-status', port: 0 }] },
      env: [{ name: 'V', value: 'v', type: 'str' }]
    },
    {
      id: 'sub-a',
      type: 'running',
      z: 'sub',
      g: 'sub-group',
      name: '${V}',
      tls: 'sub-config',
      ...at,
      wires: [['sub-b']]
    },
    { id: 'sub-b', type: 'subflow:deep', z: 'sub', ...at, wires: [[]] },
    { id: 'sub-status', type: 'status', z: 'sub', scope: ['sub-a'], ...at, wires: [[]] },
    { id: 'sub-group', type: 'group', z: 'sub', nodes: ['sub-a'], env: [], ...at },
    { id: 'sub-config', type: 'tls-config', z: 'sub', name: 's', ...TLS },
    { id: 'deep', type: 'subflow', name: 'D', in: [{ wires: [{ id: 'deep-a' }] }], out: [], env: [] },
    { id: 'deep-a', type: 'running', z: 'deep', name: '${W}', ...at, wires: [] },
    { id: 'idle', type: 'subflow', name: 'never used', in: [], out: [] },
    { id: 'idle-a', type: 'running', z: 'idle', ...at, wires: [] },
    {
      id: 'instance',
      type: 'subflow:sub',
      z: 'tab',
      g: 'outer',
      env: [{ name: 'V', value: 'w', type: 'str' }],
      ...at,
      wires: [['probe']]
    }
  ];
}

const IDS = wholeFlow().map(({ id }) => id);
/** What every object has, and so every map that Node-RED keeps in one. */
const OF_OBJECTS = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'];

const nested = (depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);

/** Values for any place; functions of the random choices. */
const VALUES = [
  () => null,
  () => 0,
  () => 7,
  () => -1.5,
  () => true,
  () => false,
  () => '',
  () => 'nowhere',
  () => 'global',
  (random) => random.of(IDS),
  (random) => random.of(OF_OBJECTS),
  () => [],
  () => [null],
  () => [[]],
  () => [[null]],
  () => [7],
  () => [[7]],
  (random) => [random.of(IDS)],
  (random) => [[random.of(IDS)]],
  (random) => [[[random.of(IDS)]]],
  () => ['nowhere'],
  (random) => [random.of(OF_OBJECTS)],
  (random) => [[random.of(OF_OBJECTS)]],
  () => [[], 'x', [[]]],
  () => ({}),
  () => [{}],
  () => [{ wires: [] }],
  (random) => [{ wires: [{ id: random.of(IDS), port: random.of([0, 3, -1, null, 'x']) }] }],
  () => [{ wires: [{}] }],
  () => [{ wires: [null] }],
  () => ({ wires: null }),
  () => ({ length: 1 }),
  () => [{ name: 'N' }],
  () => [{ name: null, value: null, type: null }],
  (random) => [
    { name: 'N', value: random.of(['N', '1', '{', '$x', 'payload', '${A}', null, 7]), type: random.of(TYPES) }
  ],
  (random) => [{ name: random.of(OF_OBJECTS), value: 'v', type: 'str' }],
  () => JSON.parse('{"__proto__":{"a":1}}'),
  () => JSON.parse('{"__proto__":null}'),
  () => ({ toString: 5 }),
  () => [{ toString: 5 }],
  () => ({ hasOwnProperty: 5 }),
  () => nested(40),
  () => nested(150)
];
const TYPES = [
  'str',
  'num',
  'bool',
  'json',
  'jsonata',
  'env',
  'cred',
  'conf-type',
  'date',
  'flow',
  'msg',
  'nothing',
  null,
  7
];

/** Properties that Node-RED looks at, whether or not the entry has them. */
const PROPERTIES = [
  'id',
  'type',
  'z',
  'g',
  'd',
  'x',
  'y',
  'name',
  'wires',
  'links',
  'scope',
  'libs',
  'env',
  'in',
  'out',
  'status',
  'nodes',
  'configs',
  'groups',
  'flow',
  'disabled',
  'subflow',
  'subflows',
  'instances',
  'credentials',
  '_users',
  '_alias',
  '_flow',
  '_path',
  '_module',
  'label',
  'rules',
  'modules',
  ...OF_OBJECTS
];
const TYPES_OF_NODES = [
  ...new Set(wholeFlow().map(({ type }) => type)),
  'subflow:nowhere',
  'subflow:',
  'subflow:constructor',
  'subflow:__proto__',
  'subflow',
  'constructor',
  '__proto__',
  'toString',
  ''
];

const isEntry = (item) => item !== null && typeof item === 'object' && !Array.isArray(item);
const textOf = (value) => String(JSON.stringify(value)).slice(0, 80);

const define = (target, name, value) =>
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });

function oneOf(random) {
  return random.of(VALUES)(random);
}

/** Puts an odd value into an entry, at its first or a deeper level. */
function putInto(entry, random) {
  const own = Object.keys(entry);
  const name = random.whole(1, 3) === 1 ? random.of(PROPERTIES) : random.of(own);
  if (random.whole(1, 12) === 1) {
    delete entry[name];
    return `no ${name}`;
  }
  if (name === 'type' && random.whole(1, 2) === 1) {
    entry.type = random.of(TYPES_OF_NODES);
    return `type ${textOf(entry.type)}`;
  }
  const held = entry[name];
  if (Array.isArray(held) && held.length > 0 && random.whole(1, 2) === 1) {
    const at = random.whole(0, held.length - 1);
    if (held[at] && typeof held[at] === 'object' && random.whole(1, 2) === 1) {
      return `${name}[${at}] ${putInto(held[at], random)}`;
    }
    held[at] = oneOf(random);
    return `${name}[${at}] ${textOf(held[at])}`;
  }
  const value = oneOf(random);
  define(entry, name, value);
  return `${name} ${textOf(value)}`;
}

const CHANGES = [
  (flows, random) => {
    const copy = structuredClone(random.of(flows.filter(isEntry)));
    const what = putInto(copy, random);
    flows.splice(random.whole(0, flows.length), 0, copy);
    return `again ${textOf(copy.id)} ${what}`;
  },
  (flows, random) => {
    const value = oneOf(random);
    flows.splice(random.whole(0, flows.length), 0, value);
    return `entry ${textOf(value)}`;
  },
  (flows, random) => {
    const at = random.whole(0, flows.length - 1);
    const [gone] = flows.splice(at, 1);
    return `without ${textOf(gone && gone.id)}`;
  },
  (flows, random) => {
    const value = random.of(VALUES)(random);
    const entry = random.of(flows.filter(isEntry));
    const holders = Object.values(entry).filter((held) => held && typeof held === 'object');
    if (holders.length === 0) {
      return 'nothing';
    }
    const holder = random.of(holders);
    define(holder, Array.isArray(holder) ? String(random.whole(0, holder.length)) : random.of(OF_OBJECTS), value);
    return `inside ${textOf(entry.id)} ${textOf(value)}`;
  }
];

/** A flow with something odd in it, and in words what that is. */
function oddFlow(random) {
  const flows = wholeFlow();
  const told = [];
  const times = random.of([1, 1, 1, 1, 2, 3]);
  for (let time = 1; time <= times; time += 1) {
    if (random.whole(1, 5) === 1) {
      told.push(random.of(CHANGES)(flows, random));
    } else {
      const entry = random.of(flows.filter(isEntry));
      const name = textOf(entry.id);
      told.push(`${name}: ${putInto(entry, random)}`);
    }
  }
  return { flows, what: told.join('; ') };
}

module.exports = { oddFlow, wholeFlow };
