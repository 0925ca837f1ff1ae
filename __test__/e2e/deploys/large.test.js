'use strict';

// Flows of many nodes take ways of their own: what a deploy restarts of them is what plain Node-RED restarts, on the admin, and
// on a worker, which restarts nodes that have changed whatever the admin restarts.

const path = require('node:path');
const { after, before, test } = require('node:test');
const { isDeepStrictEqual } = require('node:util');

const { startNodeRed } = require('../../support/node-red.js');
const { until } = require('../../support/wait.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');

const NODES_DIR = path.join(__dirname, '..', 'support', 'nodes');
const PADDING = 1200;
const NODE_RED = require(`${process.env.TEST_NODE_RED || 'node-red'}/package.json`).version;
/** Node-RED 3.0 leaves the old ones running; a worker does not. */
const RESTARTS_ENVIRONMENTS = !NODE_RED.startsWith('3.0.');

const tracked = (id, more = {}) => ({ id, type: 'tracked', z: 'tab', x: 1, y: 1, wires: [], value: '1', ...more });

/** Nodes that refer to others in each way that there is, among many that refer to none. */
const flows = () => [
  { id: 'tab', type: 'tab', label: 'tab', env: [{ name: 'A', type: 'str', value: '1' }] },
  { id: 'other', type: 'tab', label: 'other' },
  { id: 'sub', type: 'subflow', name: 'sub', in: [], out: [] },
  { id: 'conf', type: 'tracked', value: '1' },
  { id: 'group', type: 'group', z: 'tab', nodes: ['grouped'], env: [], x: 1, y: 1, w: 9, h: 9 },
  ...Array.from({ length: PADDING }, (_, index) => ({
    ...{ id: `pad-${index}`, type: 'junction', z: index % 2 ? 'tab' : 'other', x: 1, y: index },
    wires: [[`pad-${index + 2}`]]
  })),
  tracked('alone'),
  tracked('user', { server: 'conf' }),
  tracked('lister', { servers: ['conf'] }),
  tracked('userOfUser', { node: 'user' }),
  tracked('grouped', { g: 'group' }),
  tracked('elsewhere', { z: 'other' }),
  tracked('secretive', { z: 'other', credentials: { token: 'first' } }),
  tracked('inside', { z: 'sub' }),
  { id: 'instance', type: 'subflow:sub', z: 'other', x: 1, y: 1, wires: [] }
];

/** @param {(node: any) => any} change a node, or gives none for one that goes */
const edited = (change) => (nodes) => nodes.map((node) => change({ ...node })).filter(Boolean);
const of = (id, more) => edited((node) => (node.id === id ? { ...node, ...more } : node));

const EDITS = {
  nothing: (nodes) => nodes,
  'a node': of('alone', { value: '2' }),
  'where a node is': of('alone', { x: 5 }),
  'a node that others name': of('conf', { value: '2' }),
  'the same one back': of('conf', { value: '1' }),
  'one that names another': of('user', { value: '2' }),
  'what is named': of('user', { server: 'alone' }),
  'credentials alone': of('secretive', { credentials: { token: 'second' } }),
  wires: of('pad-7', { wires: [['pad-9', 'alone']] }),
  'the environment of a group': of('group', { env: [{ name: 'B', type: 'str', value: '1' }] }),
  'what is in a subflow': of('inside', { value: '2' }),
  'a tab is disabled': of('other', { disabled: true }),
  'and enabled': of('other', { disabled: false }),
  'the environment of a tab': of('tab', { env: [{ name: 'A', type: 'str', value: '2' }] }),
  'a node is disabled': of('elsewhere', { d: true }),
  'a node to another tab': of('alone', { z: 'other' }),
  'a new one, that names one': (nodes) => [...nodes, tracked('new', { node: 'user' })],
  'the order': (nodes) => [...nodes.slice(0, 5), ...nodes.slice(5).reverse()],
  'one goes that others name': edited((node) => (node.id === 'conf' ? undefined : node)),
  'a tab goes': edited((node) => (node.id === 'other' || node.z === 'other' ? undefined : node)),
  'most of them': edited((node) => (node.type === 'junction' ? { ...node, name: 'changed' } : node))
};

let [plain, admin, worker] = [];

before(async () => {
  const server = await startServerWithUsers();
  const settings = { nodesDir: [NODES_DIR] };
  admin = await startInstance('admin', server, { flows: flows() });
  [plain, worker] = await Promise.all([
    startNodeRed({ flows: flows(), settings }),
    startInstance('worker', server, { httpAdmin: true })
  ]);
});

after(async () => {
  await plain?.stop();
  await stopAll();
});

const IDS = new Set([...flows(), { id: 'new' }].map(({ id }) => id));

/** What runs, and how often each was started; of what is in the instance of a subflow, an older Node-RED makes up the id. */
async function runningOn(instance, { isCounted = true } = {}) {
  return Object.fromEntries(
    Object.entries(await trackedOn(instance)).map(([id, { starts, ...facts }]) => [
      IDS.has(id) ? id : 'in the instance',
      IDS.has(id) && isCounted ? { starts, ...facts } : facts
    ])
  );
}

/** Waits until the same runs as on the plain one, which may still be at it, too. */
async function untilSame(instance, name, options) {
  let found;
  await until(
    async () => {
      found = await Promise.all([plain, instance].map((each) => runningOn(each, options)));
      return isDeepStrictEqual(...found);
    },
    {
      deadline: 10_000,
      message: () => `after '${name}': ${found.map((each) => JSON.stringify(each)).join(' beside ')}`
    }
  );
}

for (const type of ['nodes', 'flows']) {
  test(`deploys of ${type}`, async () => {
    let current = flows();
    for (const [name, edit] of Object.entries({ 'as it began': flows, ...EDITS })) {
      if (name.includes('environment') && !RESTARTS_ENVIRONMENTS) {
        continue;
      }
      current = edit(current);
      await Promise.all([plain, admin].map((instance) => instance.deploy(current, { type })));
      await untilSame(admin, `admin, ${name}`);
      const { flows: running } = await admin.getFlows();
      await until(async () => JSON.stringify((await worker.getFlows()).flows) === JSON.stringify(running), {
        deadline: 30_000,
        message: `the worker to have: ${name}`
      });
      await untilSame(worker, `worker, ${name}`, { isCounted: type === 'nodes' });
      // Node-RED's editor has no more of them than that they are there.
      current = current.map(({ credentials: _, ...node }) => node);
    }
  });
}
