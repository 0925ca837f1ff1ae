'use strict';

// The real storage module, as often as wanted in one process: admins and workers without the
// rest of Node-RED. Each gets its own copy of index.js and lib/, and of Node-RED's local storage.

const path = require('node:path');

const { tempDir } = require('../../support/temp-dir.js');
const { createRuntime } = require('./runtime.js');
const { keepLog } = require('./kept-logs.js');
const { tokenOf } = require('./secrets.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const RUNTIME = path.dirname(
  require.resolve('@node-red/runtime/package.json', {
    paths: [path.dirname(require.resolve('node-red/package.json'))]
  })
);
const LOCAL = path.join(RUNTIME, 'lib', 'storage', 'localfilesystem');
const OURS = [path.join(ROOT, 'lib'), path.join(ROOT, 'index.js'), LOCAL];

require(path.join(RUNTIME, 'lib', 'storage'));
const { encrypt, open } = require(path.join(ROOT, 'lib', 'flows', 'credentials'));

/** A copy of the storage module that shares nothing with any other. */
function freshModule() {
  for (const file of Object.keys(require.cache)) {
    if (OURS.some((part) => file.startsWith(part))) {
      delete require.cache[file];
    }
  }
  const storage = require(path.join(ROOT, 'index.js'));
  return { storage, opened: require(path.join(ROOT, 'lib', 'storage')).instance };
}

/** The flows and credentials of deploy number `version`, which tell it themselves. */
function flowsOf(version, padding = '') {
  return [
    { id: 'tab', type: 'tab', label: 'tab' },
    { id: 'node', type: 'probe', z: 'tab', version, ...(padding ? { padding } : {}), wires: [] }
  ];
}

const credentialsOf = (version) => ({ node: { token: tokenOf(version) } });

/** Which deploy flows and credentials are of. */
function versionsOf(flows, credentials) {
  const node = flows.find(({ id }) => id === 'node');
  const token = credentials.node && credentials.node.token;
  return {
    flows: node ? node.version : null,
    credentials: token === undefined ? null : Number(token.slice(tokenOf('').length))
  };
}

/**
 * Opens an instance and does with it what Node-RED does at its start.
 *
 * @param {object} options
 * @param {'admin'|'worker'} options.role
 * @param {{host: string, port: number}} options.server
 * @param {object} [options.valkey] further options
 * @param {string} [options.userDir]
 * @param {string} [options.secret] the generated credential secret of an admin
 * @param {(versions: object) => void} [options.onRun] each time flows are started
 * @param {boolean} [options.wait] until flows run; otherwise `started` is the promise of it
 */
async function openInstance({
  role,
  server,
  valkey = {},
  settings: more = {},
  userDir = tempDir(role),
  onRun = () => {},
  wait = true,
  onLine
}) {
  const { storage, opened } = freshModule();
  const { runtime, state, lines, values, load } = createRuntime({ onLine });
  const settings = {
    userDir,
    flowFile: path.join(userDir, 'flows.json'),
    settingsFile: path.join(userDir, 'settings.js'),
    getUserSettings: () => ({}), // Node-RED's settings are an object that can do this too
    valkey: { role, host: server.host, port: server.port, ...valkey },
    ...more
  };
  const ran = [];
  state.storage = storage;
  state.decrypt = (credentials) => open(credentials, [values._credentialSecret, settings.credentialSecret]).plain;
  state.onRun = (flows, credentials) => {
    const versions = versionsOf(flows, credentials);
    ran.push(versions);
    onRun(versions);
  };
  await storage.init(settings, runtime);
  Object.assign(values, await storage.getSettings());
  await storage.saveSettings({ ...values });
  if (role === 'admin' && values._credentialSecret === undefined) {
    await runtime.settings.set('_credentialSecret', tokenOf('secret of the credentials'));
  }
  const started = load();
  if (wait) {
    await started;
  } else {
    started.catch(() => {});
  }

  const instance = {
    role,
    storage,
    runtime,
    state,
    lines,
    ran,
    userDir,
    settings,
    started,
    /** The deploy that runs. */
    get version() {
      const last = ran.at(-1);
      return last ? last.flows : null;
    },
    /** What Node-RED does when somebody deploys: credentials, then flows. */
    async deploy(version, { padding } = {}) {
      const flows = flowsOf(version, padding);
      const credentials = credentialsOf(version);
      await storage.saveCredentials(encrypt(values._credentialSecret, credentials));
      await storage.saveFlows(flows, undefined);
    },
    log: () => lines.join('\n'),
    async close() {
      keepLog(role, lines.join('\n'));
      // Node-RED has no call for this: its process ends.
      await opened().close();
    }
  };
  return instance;
}

module.exports = { credentialsOf, flowsOf, freshModule, openInstance, versionsOf };
