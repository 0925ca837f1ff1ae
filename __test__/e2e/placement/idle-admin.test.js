'use strict';

// An admin that edits and deploys, and runs nothing.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { noChromium, startBrowser } = require('../../support/browser.js');
const { freePort } = require('../../support/port.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { BESIDE, assertNoTrace, tab, untilRuns } = require('./support/cluster.js');

/** Node-RED starts configuration nodes as well, whether or not a node uses them. */
const CONFIG = { id: 'in-config', type: 'tracked', value: '1' };
const flows = (value, ...more) => [
  ...BESIDE,
  CONFIG,
  ...tab('everywhere', 'all'),
  ...tab('here', 'admin').map((node) => (node.id === 'in-here' ? { ...node, value } : node)),
  ...more
];
const RUNS = ['everywhere', 'config'];

let server;
let client;
let admin;
let worker;
let port;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  port = await freePort();
  admin = await startInstance('admin', server, {
    flows: flows('first'),
    valkey: { runFlows: false, health: { port } },
    settings: { editorTheme: { tours: false } }
  });
  worker = await startInstance('worker', server, { httpAdmin: true });
});

after(stopAll);

const probe = async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).json();

test('workers run what it has, and it runs nothing, no configuration node either', async () => {
  await untilRuns(worker, RUNS);
  assert.deepEqual(await trackedOn(admin), {});
  assert.equal((await admin.http('/count')).status, 404);
});

test('a deploy on it reaches workers; no trace of it is anywhere, a configuration node is as it was', async () => {
  for (const type of ['nodes', 'flows', 'full']) {
    const deployed = flows('first', ...tab(`new-${type}`, 'workers'));
    await admin.deploy(deployed, { type });
    await untilRuns(worker, [...RUNS, `new-${type}`]);
    assert.deepEqual(await trackedOn(admin), {});
    await assertNoTrace({ flows: deployed, admin, workers: [worker], client });
  }
  const { configs } = (await admin.admin('/flow/global')).json();
  // Node-RED itself shows what it has added.
  assert.deepEqual(configs, [{ ...CONFIG, _users: [] }]);
});

test('a tab that is read and written with the API stays what it is', async () => {
  const read = (await admin.admin('/flow/everywhere')).json();
  await admin.admin('/flow/everywhere', { method: 'PUT', body: read });
  const global = (await admin.admin('/flow/global')).json();
  await admin.admin('/flow/global', { method: 'PUT', body: global });
  const stored = (await admin.getFlows()).flows;
  assert.deepEqual(
    stored.find(({ id }) => id === 'everywhere'),
    tab('everywhere', 'all')[0]
  );
  assert.deepEqual(
    stored.find(({ id }) => id === CONFIG.id),
    { ...CONFIG, _users: [] }
  );
  await untilRuns(worker, [...RUNS, 'new-full']);
});

test('its probe says so, and that it is ready', async () => {
  const { ready, notes } = await probe();
  assert.equal(ready, true);
  assert.ok(notes.includes("flows: none runs on this admin, as 'runFlows' says"), String(notes));
});

test('started again it runs nothing, and with the option back what it should', async () => {
  await admin.restart();
  assert.deepEqual(await trackedOn(admin), {});
  assert.equal((await probe()).ready, true);
  await admin.restart({ valkey: { health: { port } } });
  await untilRuns(admin, ['everywhere', 'here', 'config']);
  assert.deepEqual((await probe()).notes, []);
  await admin.restart({ valkey: { runFlows: false, health: { port } } });
});

test('a worker refuses the option: it would be one that does nothing', async () => {
  const refused = await startInstance('worker', server, { valkey: { runFlows: false }, wait: false });
  await refused.waitForLog(/option 'runFlows'/);
  await refused.waitUntilEnded();
});

describe('the editor says', { skip: noChromium() }, () => {
  let browser;
  let editor;

  before(async () => {
    browser = await startBrowser();
    editor = await browser.openEditor(admin);
  });

  after(() => browser?.close());

  test('that nothing runs on this admin, also to one that is opened later', async () => {
    await editor.notice(/^No tab runs on this admin \('runFlows' is false\)/);
    await editor.press(/No tab runs/, 'Close');
    await editor.noNotice(/No tab runs/);
  });

  test('which tab has a wrong placement, until it has none', async () => {
    await admin.deploy(flows('first', ...tab('Timers', 'onse')), { type: 'nodes' });
    const text = await editor.notice(/^Where tabs run: /);
    assert.match(text, /tab 'Timers' runs nowhere: CLUSTER_PLACEMENT is 'onse', which is none of all, workers, admin/);
    assert.ok((await probe()).notes.some((note) => /tab 'Timers' runs nowhere/.test(note)));
    await admin.deploy(flows('first', ...tab('Timers', 'workers')), { type: 'nodes' });
    await editor.noNotice(/Where tabs run/);
    await untilRuns(worker, [...RUNS, 'Timers']);
  });
});
