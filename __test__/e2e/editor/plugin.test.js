'use strict';

// The package as a plugin of real Node-RED: where it is found, what it does where it is not the storage, and that the
// palette can't remove it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const { NAME, VERSION, installCopy } = require('./support/installed-copy.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const FLOW = [{ id: 'tab', type: 'tab', label: 'Flow' }];
const SCRIPT = `/resources/${NAME}/fleet/main.mjs`;
const ABOUT = `/${NAME}/editor`;
const NODE_RED = require(`${process.env.TEST_NODE_RED || 'node-red'}/package.json`).version;
/** Node-RED 3.0 loads no plugin from outside of a `node_modules`. */
const byPath = NODE_RED.startsWith('3.0.') ? 'this Node-RED loads nothing by a path' : false;

describe('the plugin', () => {
  let server;
  const running = [];

  const start = async (options) => {
    const instance = await startNodeRed(options);
    running.push(instance);
    return instance;
  };
  // Each with a prefix of its own: one that has ended is in charge until its lease is over.
  const startAdmin = (options) =>
    start({
      role: 'admin',
      server,
      flows: FLOW,
      valkey: { keyPrefix: `plugin-${running.length}:` },
      ...options
    });
  const startInstalled = (options) => {
    const userDir = tempDir('admin');
    installCopy(userDir);
    return startAdmin({ userDir, ...options });
  };
  const plugins = async (admin) =>
    (await admin.admin('/plugins', { headers: { Accept: 'application/json' } }))
      .json()
      .filter(({ module }) => module === NAME);
  const html = async (admin) => (await admin.admin('/plugins', { headers: { Accept: 'text/html' } })).text;

  async function assertServed(admin) {
    assert.deepEqual(
      (await plugins(admin)).map(({ id, version, err }) => ({ id, version, err })),
      [{ id: `${NAME}/fleet`, version: VERSION, err: undefined }]
    );
    assert.equal((await html(admin)).split(`resources/${NAME}/fleet/main.mjs`).length, 2, 'once');
    const script = await admin.admin(SCRIPT);
    assert.match(script.headers['content-type'], /javascript/);
    assert.equal((await admin.admin(ABOUT)).json().version, VERSION);
    const { [`${NAME}/fleet`]: catalogue } = (await admin.admin('/plugins/messages?lng=en-US')).json();
    assert.equal(catalogue.tab.name, 'Fleet');
    assert.doesNotMatch(admin.logs, /\[error\]/);
  }

  before(async () => {
    server = await startServer();
  });

  after(async () => {
    await Promise.all(running.map((instance) => instance.stop()));
    await server?.stop();
  });

  test('is found where settings.js requires the package by its path', { skip: byPath }, async () => {
    const admin = await startAdmin();
    await assertServed(admin);
    await admin.stop();
  });

  test('is found in the user directory, and loaded once', async () => {
    const admin = await startInstalled();
    await assertServed(admin);
    await admin.stop();
  });

  test('leaves the folders of settings.js searched', { skip: byPath }, async () => {
    const nodes = path.join(__dirname, '..', 'support', 'nodes');
    const admin = await startAdmin({ settings: { nodesDir: nodes } });
    await assertServed(admin);
    assert.match(await html(admin), /main\.mjs/);
    assert.match((await admin.admin('/nodes', { headers: { Accept: 'application/json' } })).text, /"tracked"/);
    await admin.stop();
  });

  test('does nothing where the storage is another one, and on a worker', async () => {
    const userDir = tempDir('other');
    installCopy(userDir);
    const other = await start({ userDir, flows: FLOW });
    const workerDir = tempDir('worker');
    installCopy(workerDir);
    const worker = await start({ role: 'worker', server, userDir: workerDir, httpAdmin: true, wait: 'listening' });
    for (const instance of [other, worker]) {
      assert.equal((await plugins(instance)).length, 1);
      assert.equal((await instance.http(ABOUT)).status, 404);
      assert.doesNotMatch(instance.logs, /\[error\]/);
      await instance.stop();
    }
  });

  test('is not removed by the palette, and the next start works', async () => {
    const admin = await startInstalled();
    const folder = path.join(admin.userDir, 'node_modules', NAME);
    const refusal = await admin.admin(`/nodes/${NAME}`, { method: 'DELETE' }).catch((error) => error);
    assert.equal(refusal.status, 400, refusal.message);
    await admin.waitForLog(/is the storage of this Node-RED, which could not start without it/);
    assert.ok(fs.existsSync(path.join(folder, 'plugin', 'fleet.js')));
    const listed = JSON.parse(fs.readFileSync(path.join(admin.userDir, 'package.json'), 'utf8'));
    assert.deepEqual(Object.keys(listed.dependencies), [NAME]);

    // An editor that is opened now has it, too.
    await untilServed(admin);
    await admin.restart();
    await assertServed(admin);
    assert.deepEqual((await admin.getFlows()).flows.length, FLOW.length);
    await admin.stop();
  });

  async function untilServed(admin) {
    await until(async () => (await html(admin)).includes('fleet/main.mjs'), { message: () => admin.tail() });
    assert.equal((await admin.http(SCRIPT)).status, 200);
    assert.equal((await admin.http(ABOUT)).status, 200);
  }
});
