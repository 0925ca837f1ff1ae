'use strict';

// For `mocha --require`, in a checkout of Node-RED: its own unit tests, with an admin of this module open in
// their process. See CONTRIBUTING.md, "Node-RED's own tests".

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { startServer } = require('./server.js');
const { until } = require('./wait.js');
const storageModule = require('../../index.js');

const part = (name) => require(path.resolve('packages/node_modules/@node-red', name));

const userDir = fs.mkdtempSync(path.join(os.tmpdir(), 'node-red-units-'));
let server;

async function beforeAll() {
  server = await startServer();
  const { events, hooks, log } = part('util');
  part('runtime/lib/settings.js');
  const nodes = part('runtime/lib/nodes');
  part('runtime/lib/storage');
  const own = { userDir, valkey: { role: 'admin', host: server.host, port: server.port }, version: '4.1.0' };
  const runtime = {
    events,
    hooks,
    log: { ...log, _: (key) => key, log() {}, addHandler() {}, removeHandler() {} },
    settings: own,
    nodes,
    isStarted: () => false
  };
  await storageModule.init(own, runtime);
  await storageModule.getSettings();
  const client = server.client();
  await until(() => client.exists('nodered:lease'), { message: 'an admin that is in charge' });
}

async function afterAll() {
  await server.stop();
  fs.rmSync(userDir, { recursive: true, force: true });
}

exports.mochaHooks = { beforeAll, afterAll };
