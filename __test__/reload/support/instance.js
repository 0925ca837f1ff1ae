'use strict';

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { narrowDependencyCheck } = require('../../../lib/flows/dependencies');
const { encrypt } = require('../../../lib/flows/credentials');
const { createReload } = require('../../../lib/reload');

// Another release of Node-RED can be tried by the path of its package.
const RED = require(process.env.TEST_NODE_RED || 'node-red');

const SECRET = 'the secret of the reload tests';
const DEADLINE = 20000;

async function until(condition, what) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${DEADLINE} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * A Node-RED in this process, with a storage module in memory that does what a
 * worker's does: it hands over the first flows, and takes only its own saves.
 */
async function startInstance({
  flows,
  credentials = {},
  mode = 'nodes',
  settings = {},
  deadline,
  beforeStart,
  onInit = () => {}
}) {
  const records = [];
  globalThis.reloadProbe = records;
  const userDir = fs.mkdtempSync(path.join(os.tmpdir(), 'reload-test-'));
  const logged = [];
  const told = [];
  const completed = [];
  const saves = { own: 0, refused: 0 };
  const stored = { flows, credentials };
  let runtime;
  let reload;

  async function save() {
    if (reload.isOwnSave()) {
      saves.own += 1;
      return;
    }
    saves.refused += 1;
    await reload.restoreCredentials();
    throw new Error('a worker takes no deploys');
  }

  const storageModule = {
    async init(_settings, givenRuntime) {
      runtime = givenRuntime;
      narrowDependencyCheck(runtime, { info: (text) => told.push({ level: 'info', text }) });
      reload = createReload({
        runtime,
        mode,
        deadline,
        seal: (plain) => encrypt(SECRET, plain),
        log: (level, text) => told.push({ level, text }),
        onCompleted: (result) => completed.push(result)
      });
      onInit({ runtime, reload, settings: _settings, told });
    },
    async getFlows() {
      const own = reload.ownLoad();
      if (own) {
        return own.flows;
      }
      await reload.beforeLoad();
      return JSON.parse(JSON.stringify(stored.flows));
    },
    async getCredentials() {
      const own = reload.ownLoad();
      if (own) {
        return own.credentials;
      }
      reload.seed(JSON.parse(JSON.stringify(stored)));
      return encrypt(SECRET, stored.credentials);
    },
    saveFlows: save,
    saveCredentials: save,
    async getSettings() {
      return {};
    },
    async saveSettings() {},
    async getSessions() {
      return {};
    },
    async saveSessions() {},
    async getLibraryEntry() {
      return [];
    },
    async saveLibraryEntry() {}
  };

  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  RED.init(server, {
    userDir,
    nodesDir: path.join(__dirname, 'nodes'),
    storageModule,
    credentialSecret: SECRET,
    httpAdminRoot: false,
    httpNodeRoot: false,
    functionExternalModules: false,
    logging: {
      memory: {
        level: 'info',
        metrics: false,
        audit: false,
        handler: () => (entry) => logged.push(String(entry.msg && entry.msg.message ? entry.msg.message : entry.msg))
      }
    },
    ...settings
  });
  if (beforeStart) {
    await beforeStart({ userDir });
  }
  await RED.start();
  await reload.whenStarted();

  const instance = {
    RED,
    runtime,
    reload,
    userDir,
    records,
    logged,
    told,
    completed,
    saves,
    stored,
    until,
    isBefore31: /^3\.0\./.test(RED.version()),
    /** A new deploy arrives: stored and applied. */
    async update(nextFlows, nextCredentials = stored.credentials, revision = 'r') {
      stored.flows = nextFlows;
      stored.credentials = nextCredentials;
      const copy = JSON.parse(JSON.stringify({ flows: nextFlows, credentials: nextCredentials }));
      return reload.apply({ ...copy, revision });
    },
    /** Back to known flows, with all records of it gone. */
    async reset(nextFlows, nextCredentials = {}) {
      await instance.update(nextFlows, nextCredentials, 'reset');
      instance.clear();
    },
    clear() {
      records.length = 0;
      logged.length = 0;
      told.length = 0;
      completed.length = 0;
      saves.own = 0;
      saves.refused = 0;
    },
    ids(event) {
      return records
        .filter((record) => record.event === event)
        .map(({ id }) => id)
        .sort();
    },
    last(id) {
      return records.filter((record) => record.event === 'start' && record.id === id).at(-1);
    },
    warnings() {
      return logged.filter((text) => /not registered|Credential type/i.test(text));
    },
    node(id) {
      return runtime.nodes.getNode ? runtime.nodes.getNode(id) : undefined;
    },
    async stop() {
      reload.close();
      await RED.stop();
      server.close();
      fs.rmSync(userDir, { recursive: true, force: true });
    }
  };
  return instance;
}

module.exports = { startInstance, until, SECRET };
