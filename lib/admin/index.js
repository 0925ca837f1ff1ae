'use strict';

const path = require('path');

const { openCore } = require('../core');
const nodeRed = require('../node-red');
const { createDiskFiles, inspect, isFlows, isObject } = require('./disk-files');
const { createJournal } = require('./journal');
const { createLibrary } = require('./library');
const { createLoading } = require('./loading');
const { createSecrets, opensWith } = require('./secrets');
const { createSettingsFiles } = require('./settings-files');

/** How long a start waits for Valkey when the disk has lost something, in ms. */
const RESTORE_PATIENCE = 3000;

/**
 * An admin: everything is on Node-RED's own disk first, and then mirrored. With `readOnly` there
 * is no disk, so nothing is mirrored.
 */
function createAdmin({ settings, runtime, log, options }) {
  const local = nodeRed.localStorage();
  let core = null;
  let files;
  let secrets;
  let journal;
  let library;
  let settingsFiles;
  let loading;
  let loads = 0;
  let loaded = null; // the pair of the load that is under way
  let onDisk = { flows: null, credentials: null }; // texts of what was read or written last
  let credentialsAlone = null; // set between a saveCredentials and the saveFlows that follows
  let lost = null; // what the disk had lost when Valkey could not be asked

  const mirrors = () => core !== null;

  const fetchStored = () => core.readForRestore(RESTORE_PATIENCE);

  const projectName = () => {
    const project = files.activeProject();
    return project ? project.name : undefined;
  };

  const mirrorDeploy = async (secret) => {
    const { away } = await core.deploy(onDisk.flows, onDisk.credentials, secret, projectName());
    if (away) {
      log.warn(`saved on disk; workers are not updated yet, because Valkey does not answer (${away}). It is mirrored as soon as Valkey is back`);
    }
  };

  /** Everything but a deploy: the disk has it, so a caller is told nothing of Valkey's troubles. */
  const mirrorQuietly = async (task) => {
    try {
      await task();
    } catch (error) {
      log.warn(`saved on disk, but not mirrored: ${error.message}`);
    }
  };

  const mirrorLoad = (pair) => {
    if (!pair.mirror) {
      return;
    }
    if (!secrets.opens(pair.credentials)) {
      log.error('the credentials on this disk can not be decrypted: they and the flows are not mirrored; workers keep what they run');
      return;
    }
    void mirrorQuietly(() => mirrorDeploy(secrets.toShare()));
  };

  const mirrorCredentialsAlone = async (saved) => {
    if (credentialsAlone !== saved) {
      return;
    }
    credentialsAlone = null;
    await mirrorQuietly(async () => {
      await journal.end();
      onDisk.credentials = saved.text;
      if (onDisk.flows !== null) {
        await mirrorDeploy(saved.secret);
      }
    });
  };

  /** The disk had lost something and Valkey was away; now it is back and nothing was deployed. */
  const restore = async () => {
    const stored = core.restorable();
    if (!lost) {
      return;
    }
    const { flows: flowsLost, pair } = lost;
    lost = null;
    const better = stored && (flowsLost || (loading.belongs(stored) && stored.credentials !== '{}'));
    if (!better) {
      mirrorLoad(pair);
      return;
    }
    const secret = JSON.parse(stored.settings)._credentialSecret;
    if (secret !== undefined && settings.credentialSecret === undefined) {
      await runtime.settings.set('_credentialSecret', secret);
    }
    await local.saveCredentials(JSON.parse(stored.credentials));
    if (flowsLost) {
      await local.saveFlows(JSON.parse(stored.flows));
    }
    log.warn(`Valkey is back: ${flowsLost ? 'flows and credentials' : 'credentials'} were restored from it (revision ${stored.revision})`);
    await runtime.nodes.loadFlows(true);
  };

  const onEvent = (event) => {
    const work = { restore, library: () => library.compare() }[event];
    if (work) {
      work().catch((error) => log.error(`${event}: ${error.message}`));
    }
  };

  const loadSettings = async () => {
    const paths = await files.current();
    const credentials = paths ? await inspect(paths.credentials, isObject) : { state: 'missing' };
    const flows = paths ? await inspect(paths.flows, isFlows) : { state: 'ok' };
    const text = await settingsFiles.load({
      fetchStored: () => fetchStored().catch(() => null),
      credentials: credentials.state === 'ok' ? credentials.value : null,
      diskIsFresh: flows.state === 'missing' && !files.activeProject()
    });
    return text;
  };

  const recoverJournal = async (loadedSettings) => {
    const project = files.activeProject();
    const known = (loadedSettings.projects && loadedSettings.projects.projects) || {};
    const ofProject = project && known[project.name] ? known[project.name].credentialSecret : undefined;
    await journal.recover((text) => {
      const candidates = [ofProject, loadedSettings._credentialSecret, settings.credentialSecret || undefined];
      try {
        return opensWith(JSON.parse(text), candidates);
      } catch {
        return false;
      }
    });
  };

  return {
    async init() {
      await local.init(settings, runtime);
      if (settings.readOnly) {
        log.warn("'readOnly' is set: nothing is saved on disk, so nothing is mirrored to Valkey");
        return;
      }
      files = createDiskFiles(settings, local);
      secrets = createSecrets(settings, runtime, files);
      journal = createJournal(settings.userDir, log);
      settingsFiles = createSettingsFiles({ settings, local, log });
      loading = createLoading({ local, files, log });
      library = createLibrary({ local, log, core: () => core, userDir: settings.userDir });
      core = openCore('Admin', { options, userDir: path.resolve(settings.userDir), log, onEvent });
      await core.open();
    },

    async getSettings() {
      if (!mirrors()) {
        return local.getSettings();
      }
      const found = await loadSettings();
      await recoverJournal(found);
      await core.settings(JSON.stringify(found));
      return found;
    },
    async saveSettings(changed) {
      const text = JSON.stringify(changed); // local storage empties parts of what it is given
      await local.saveSettings(changed);
      if (mirrors()) {
        await mirrorQuietly(() => core.settings(text));
      }
    },

    async getFlows() {
      if (!mirrors()) {
        return local.getFlows();
      }
      loaded = null;
      const pair = await loading.load({ fetchStored, first: loads === 0 });
      loads += 1;
      lost = pair.lost && {
        flows: pair.lost.flows,
        pair: { flows: pair.flows, credentials: pair.credentials, mirror: pair.lost.usable }
      };
      if (lost) {
        core.diskIsEmpty();
      }
      loaded = pair;
      return pair.flows;
    },
    async getCredentials() {
      if (!mirrors() || !loaded) {
        return local.getCredentials();
      }
      const pair = loaded;
      loaded = null;
      onDisk = { flows: JSON.stringify(pair.flows), credentials: JSON.stringify(pair.credentials) };
      mirrorLoad(pair);
      return pair.credentials;
    },

    async saveCredentials(credentials) {
      if (!mirrors()) {
        return local.saveCredentials(credentials);
      }
      const text = JSON.stringify(credentials);
      const paths = await files.current();
      if (paths) {
        await journal.begin(paths);
      }
      await local.saveCredentials(credentials);
      const saved = { text, secret: secrets.toShare() };
      credentialsAlone = saved;
      setImmediate(() => void mirrorCredentialsAlone(saved));
      return undefined;
    },
    async saveFlows(flows, user) {
      if (!mirrors()) {
        return local.saveFlows(flows, user);
      }
      const text = JSON.stringify(flows);
      const saved = credentialsAlone;
      credentialsAlone = null;
      try {
        await local.saveFlows(flows, user);
      } catch (error) {
        await journal.undo().catch((undoing) => log.error(`credentials could not be rolled back: ${undoing.message}`));
        throw error;
      }
      await journal.end();
      onDisk.flows = text;
      if (saved) {
        onDisk.credentials = saved.text;
      } else if (onDisk.credentials === null) {
        onDisk.credentials = JSON.stringify(await local.getCredentials());
      }
      lost = null;
      return mirrorDeploy(saved ? saved.secret : secrets.toShare());
    },

    async getSessions() {
      const sessions = await local.getSessions();
      if (!mirrors()) {
        return sessions;
      }
      if (Object.keys(sessions).length > 0) {
        void mirrorQuietly(() => core.sessions(JSON.stringify(sessions)));
        return sessions;
      }
      const file = path.join(settings.userDir, '.sessions.json');
      if ((await inspect(file, isObject)).state === 'ok') {
        return sessions;
      }
      const stored = await core.readSessions(RESTORE_PATIENCE).catch(() => null);
      return stored ? JSON.parse(stored) : sessions;
    },
    async saveSessions(sessions) {
      const text = JSON.stringify(sessions);
      await local.saveSessions(sessions);
      if (mirrors()) {
        await mirrorQuietly(() => core.sessions(text));
      }
    },

    getLibraryEntry: (type, entry) => local.getLibraryEntry(type, entry),
    async saveLibraryEntry(type, entry, meta, body) {
      if (!mirrors()) {
        return local.saveLibraryEntry(type, entry, meta, body);
      }
      return library.save(type, entry, meta, body);
    },

    async close() {
      if (core) {
        await core.close();
      }
    }
  };
}

module.exports = { createAdmin };
