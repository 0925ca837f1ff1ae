'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { openCore } = require('../binding/core');
const { codedError } = require('../errors');
const credentialsOf = require('../flows/credentials');
const { flowFault } = require('../flows/validate');
const { createPackageWait } = require('../packages/wait');
const { createPackages } = require('../packages');
const { createReload } = require('../reload');

/**
 * A worker: everything is read from Valkey, nothing is written there. What the runtime saves
 * stays in this process.
 */
function createWorker({ settings, runtime, log, options, checked }) {
  const reload = createReload({
    runtime,
    mode: checked.reload,
    log: (level, text) => log[level](text),
    onCompleted: () => packages.flowsHaveChanged()
  });
  const opened = () => core;
  const packages = createPackages({
    core: opened,
    settings,
    runtime,
    log,
    upgrade: checked.packageUpgrade,
    reload,
    onLoaded: () => packageWait.packagesCame()
  });
  const packageWait = createPackageWait({
    core: opened,
    runtime,
    settings,
    log,
    patience: checked.packageSyncTimeout,
    packagesSettled: (ms) => core.background.packagesSettled(ms),
    npmIsFree: packages.npmIsFree,
    missing: packages.missing
  });
  let core = null;
  let loading = null;
  // Loads and updates one after the other: an update that was read before a load must not be
  // applied after it, over what the load has read later.
  let turn = Promise.resolve();
  let endLoad = () => {};

  /** What this instance's Node-RED decrypts with: a text, or undefined when it does not. */
  const ownSecret = () => {
    const configured = settings.credentialSecret;
    if (configured !== undefined) {
      return typeof configured === 'string' ? configured : undefined;
    }
    return runtime.settings.available() ? runtime.settings.get('_credentialSecret') : undefined;
  };

  /** A stored deploy, parsed and decrypted; throws when it can't be used here. */
  const open = (stored) => {
    const secret = JSON.parse(stored.settings)._credentialSecret;
    const encrypted = JSON.parse(stored.credentials);
    let opened;
    try {
      opened = credentialsOf.open(encrypted, [secret, settings.credentialSecret]);
    } catch (error) {
      throw codedError(error.code, `key '${checked.keys.credentials}': ${error.message}`);
    }
    const flows = JSON.parse(stored.flows);
    const fault = flowFault(flows);
    if (fault) {
      throw codedError('ERR_VALKEY_VALUE', `key '${checked.keys.flows}': ${fault}`);
    }
    return { flows, encrypted, ...opened, sharedSecret: secret };
  };

  /** Node-RED reads its settings once, at start; the admin's secret may come later. */
  const adoptSecret = async (deploy) => {
    const needed = settings.credentialSecret === undefined && deploy.sharedSecret !== undefined;
    if (needed && runtime.settings.available() && ownSecret() !== deploy.sharedSecret) {
      await runtime.settings.set('_credentialSecret', deploy.sharedSecret);
    }
  };

  /** The credentials in the form that this instance's Node-RED can load. */
  const forRuntime = (deploy) => {
    const own = ownSecret();
    if (!credentialsOf.isEncrypted(deploy.encrypted) || own === undefined) {
      return deploy.plain;
    }
    return deploy.secret === own ? deploy.encrypted : credentialsOf.encrypt(own, deploy.plain);
  };

  /** Node-RED closes no storage when it ends. */
  const onExit = () => core && core.ends();

  const update = async () => {
    const stored = core.beginPending();
    if (!stored) {
      packageWait.over();
      return;
    }
    await reload.whenStarted();
    let deploy;
    try {
      deploy = open(stored);
    } catch (error) {
      log.error(`revision ${stored.revision} is not applied: ${error.message}; what runs here goes on`);
      core.refused(stored.id, error.message);
      packageWait.over();
      return;
    }
    if (packageWait.begins(stored, deploy.flows, takeUpdate)) {
      return;
    }
    packageWait.over();
    try {
      await adoptSecret(deploy);
      await reload.apply({
        flows: deploy.flows,
        credentials: deploy.plain,
        revision: stored.revision
      });
      await core.applied(stored.id);
    } catch (error) {
      log.error(`revision ${stored.revision} could not be applied: ${error.message}; trying again`);
      core.failed(stored.id);
    }
  };

  const takeUpdate = () => {
    turn = turn.then(update).catch((error) => log.error(error.message));
  };

  const onEvent = (event) => {
    if (event === 'revision') {
      takeUpdate();
    } else if (event === 'packages') {
      packages.onJob().catch((error) => log.error(`packages: ${error.message}`));
    }
  };

  /** Waits for the update in hand, and keeps later ones back until `endLoad()`. */
  const beginLoad = async () => {
    endLoad();
    const earlier = turn;
    turn = new Promise((resolve) => {
      endLoad = resolve;
    });
    await earlier;
    await reload.beforeLoad();
  };

  /** Waits for a deploy that can be run here. */
  const findDeploy = async () => {
    for (;;) {
      const stored = await core.snapshot();
      try {
        const deploy = open(stored);
        await adoptSecret(deploy);
        return { stored, deploy };
      } catch (error) {
        log.error(`revision ${stored.revision} can't be run here: ${error.message}`);
        core.refused(stored.id, error.message);
      }
    }
  };

  const refuse = async (what) => {
    await reload.restoreCredentials();
    throw codedError(
      'ERR_VALKEY_READ_ONLY',
      `this instance is a worker and does not save ${what}; deploy on the admin instead`
    );
  };

  return {
    async init() {
      if (settings.editorTheme && settings.editorTheme.projects && settings.editorTheme.projects.enabled) {
        log.warn("'editorTheme.projects' has no effect on a worker: it runs what the admin's active Project holds");
      }
      const userDir = settings.readOnly ? undefined : settings.userDir;
      if (userDir) {
        await preparePalette(userDir).catch((error) => log.debug(error.message));
      }
      process.on('exit', onExit);
      core = openCore('Worker', { options, userDir, log, onEvent });
      packages.open();
    },

    async getSettings() {
      // The last moment before Node-RED looks for nodes.
      const [text] = await Promise.all([core.readSettings(), packages.atStart()]);
      const shared = JSON.parse(text);
      if (settings.credentialSecret !== undefined) {
        // Beside a secret of settings.js, Node-RED takes this one as an old one to migrate from.
        delete shared._credentialSecret;
      }
      return shared;
    },
    async saveSettings() {},

    async getFlows() {
      await beginLoad();
      try {
        loading = await findDeploy();
        return loading.deploy.flows;
      } catch (error) {
        endLoad();
        throw error;
      }
    },
    async getCredentials() {
      if (!loading) {
        throw new Error('Node-RED asks for credentials after it has asked for flows');
      }
      const { stored, deploy } = loading;
      loading = null;
      try {
        // Before Node-RED gets hold of them: it keeps and changes what it is given.
        reload.seed({ flows: JSON.parse(stored.flows), credentials: deploy.plain });
        const credentials = structuredClone(forRuntime(deploy));
        await core.applied(stored.id);
        log.info(`running revision ${stored.revision}: ${deploy.flows.length} nodes from ${checked.keys.flows}`);
        return credentials;
      } finally {
        endLoad();
      }
    },
    async saveFlows() {
      return reload.isOwnSave() ? undefined : refuse('flows');
    },
    async saveCredentials() {
      return reload.isOwnSave() ? undefined : refuse('credentials');
    },

    async getSessions() {
      return JSON.parse(await core.readSessions());
    },
    async saveSessions() {},

    async getLibraryEntry(type, path) {
      return JSON.parse(await core.readLibraryEntry(type, path));
    },
    async saveLibraryEntry() {
      return refuse('library entries');
    },

    /** How it stands, for probes; null before it is open. */
    health: () => core && core.health(),
    packageState: () => packages.state(),

    async close() {
      process.removeListener('exit', onExit);
      packageWait.close();
      packages.close();
      reload.close();
      if (core) {
        await core.close();
      }
    }
  };
}

/** What Node-RED's own storage makes of a new user directory, so that packages have their place. */
async function preparePalette(userDir) {
  await fs.promises.mkdir(path.join(userDir, 'node_modules'), { recursive: true });
  const manifest = {
    name: 'node-red-project',
    description: 'A Node-RED Project',
    version: '0.0.1',
    private: true
  };
  const file = path.join(userDir, 'package.json');
  await fs.promises.writeFile(file, JSON.stringify(manifest, null, 4), { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') {
      throw error;
    }
  });
}

module.exports = { createWorker };
