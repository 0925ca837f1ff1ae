'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { isCredentials } = require('../flows/credentials');
const { openCore } = require('../binding/core');
const nodeRed = require('../node-red');
const { createPackages } = require('../packages');
const { createRuntimeWatch } = require('../flows/runtime-watch');
const { createDiskFiles, inspect, isFlows, isObject } = require('./disk-files');
const { createFlowFileRecord } = require('./flow-file-record');
const { createJournal } = require('./journal');
const { createLibrary, libraryTypes } = require('./library');
const { withoutDrafts } = require('./library-drafts');
const { createLoading } = require('./loading');
const { createLostRecord } = require('./lost-record');
const { createMirror } = require('./mirror');
const { createPackageChanges } = require('../packages/palette/changes');
const { createRefusedDeploy } = require('./refused-deploy');
const { createRestoring } = require('./restoring');
const { createSaving } = require('./saving');
const { createSecretNotices } = require('./secret-notices');
const { createSecrets, opensWith } = require('./secrets');
const { createSettingsFiles } = require('./settings-files');

/** How long a start waits for Valkey when the disk has lost something, in ms. */
const RESTORE_PATIENCE = 3000;
/** The same, after it has been waited for in vain. */
const FURTHER_PATIENCE = 300;

/**
 * An admin: everything is on Node-RED's own disk first, and then mirrored. With `readOnly` there
 * is no disk, so nothing is mirrored.
 */
function createAdmin({ settings, runtime, log, options, checked }) {
  const local = nodeRed.localStorage();
  let core = null;
  const forPackages = {
    packages: () => core && core.packages(),
    packagesAtStart: (...given) => core.packagesAtStart(...given)
  };
  const packages = createPackages({ core: forPackages, settings, runtime, log, upgrade: 'report' });
  let packageChanges;
  let packagesAreLost = false;
  let files;
  let secrets;
  let secretNotices;
  let journal;
  let library;
  let settingsFiles;
  let loading;
  let mirror;
  let saving;
  let restoring;
  let refused;
  let watch;
  let loads = 0;
  let loaded = null; // the pair of the load that is under way
  let patience = RESTORE_PATIENCE;

  const mirrors = () => core !== null;

  const fetchStored = async () => {
    try {
      const stored = await core.readForRestore(patience);
      patience = RESTORE_PATIENCE;
      return stored;
    } catch (error) {
      patience = FURTHER_PATIENCE;
      const { flows, credentials, project } = mirror.onDisk();
      if (flows === null) {
        throw error;
      }
      // What this process had before its files were damaged is what Valkey was given.
      return { flows, credentials, project, settings: '{}', source: 'memory' };
    }
  };

  const onEvent = (event) => {
    const work = {
      restore: () => restoring.restore(),
      refused: () => refused.load(),
      library: () => library.compare(),
      packages: () => packages.onJob()
    }[event];
    if (work) {
      work().catch((error) => log.error(`${event}: ${error.message}`));
    }
  };

  const loadSettings = async () => {
    const paths = await files.current();
    const credentials = paths ? await inspect(paths.credentials, isCredentials) : { state: 'missing' };
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
    const opens = (text) => {
      const candidates = [ofProject, loadedSettings._credentialSecret, settings.credentialSecret];
      try {
        return opensWith(JSON.parse(text), candidates);
      } catch {
        return false;
      }
    };
    await journal
      .recover(opens)
      .catch((error) => log.error(`the journal of the last deploy can't be used: ${error.message}`));
  };

  return {
    async init() {
      const userDir = path.resolve(settings.userDir);
      settingsFiles = createSettingsFiles({ userDir, settings, local, log });
      if (!settings.readOnly) {
        await settingsFiles.repair();
      }
      const typesAtStart = await libraryTypes(userDir);
      packagesAreLost = !hasPackages(userDir);
      await local.init(settings, runtime);
      if (settings.readOnly) {
        log.warn("'readOnly' is set: nothing is saved on disk, so nothing is mirrored to Valkey");
        return;
      }
      files = createDiskFiles(settings, local);
      secrets = createSecrets(settings, runtime, files);
      secretNotices = createSecretNotices({ settings, files, shares: checked.shareCredentialSecret, log });
      journal = createJournal(userDir, log);
      const flowFile = createFlowFileRecord({ settings, files, log });
      loading = createLoading({ local, files, flowFile, secrets, log });
      const opened = () => core;
      packageChanges = createPackageChanges({ runtime, log, publish: () => core.packagesChanged() });
      mirror = createMirror({
        core: opened,
        files,
        secrets,
        log,
        beforeSend(secret) {
          packageChanges.flush();
          secretNotices.onMirror(secret);
        },
        onEqual: () => restoring.settled()
      });
      watch = createRuntimeWatch({ events: runtime.events, isOwn: () => false, onOwn() {}, onType() {} });
      const record = createLostRecord(userDir, log);
      restoring = createRestoring({
        core: opened,
        local,
        files,
        record,
        loading,
        secrets,
        mirror,
        runtime,
        watch,
        log
      });
      refused = createRefusedDeploy({ core: opened, runtime, watch, log });
      saving = createSaving({ local, files, flowFile, secrets, journal, mirror, restoring, refused, log });
      const pretty = Boolean(settings.flowFilePretty);
      library = createLibrary({ local, log, core: opened, userDir, typesAtStart, pretty });
      core = openCore('Admin', { options, userDir, log, onEvent });
      await core.open();
    },

    async getSettings() {
      if (!mirrors()) {
        return local.getSettings();
      }
      const found = await loadSettings();
      secretNotices.atStart(found);
      await recoverJournal(found);
      await core.mirrorSettings(JSON.stringify(found));
      // The last moment before Node-RED looks for nodes.
      await packages.atStart(packagesAreLost);
      return found;
    },
    async saveSettings(changed) {
      const text = JSON.stringify(changed); // local storage empties parts of what it is given
      await local.saveSettings(changed);
      if (mirrors()) {
        packageChanges.sign();
        await mirror.quietly(() => core.mirrorSettings(text));
      }
    },

    async getFlows() {
      if (!mirrors()) {
        return local.getFlows();
      }
      packageChanges.sign();
      loaded = null;
      const savesBefore = saving.count();
      const pair = await loading.load({ fetchStored, first: loads === 0 });
      loads += 1;
      if (settingsFiles.projectIsUnknown() && !files.activeProject()) {
        log.error(
          'the active Project is not known any more: what is loaded in its place is not mirrored until a Project is opened (or .config.projects.json.damaged removed)'
        );
        Object.assign(pair, { mirror: false, lost: null });
      }
      await restoring.consider(pair);
      loaded = { pair, savesBefore };
      return pair.flows;
    },
    async getCredentials() {
      if (!mirrors() || !loaded) {
        return local.getCredentials();
      }
      const { pair, savesBefore } = loaded;
      loaded = null;
      // A deploy that came between reading and now is newer than what was read.
      if (saving.count() === savesBefore) {
        refused.end();
        mirror.read(pair);
      }
      return pair.credentials;
    },

    async saveCredentials(credentials) {
      if (!mirrors()) {
        return local.saveCredentials(credentials);
      }
      await refused.beside(() => saving.credentials(credentials));
      return undefined;
    },
    async saveFlows(flows, user) {
      if (!mirrors()) {
        return local.saveFlows(flows, user);
      }
      return refused.beside(() => saving.flows(flows, user));
    },

    async getSessions() {
      const sessions = await local.getSessions();
      if (!mirrors()) {
        return sessions;
      }
      if (Object.keys(sessions).length > 0) {
        void mirror.quietly(() => core.background.mirrorSessions(JSON.stringify(sessions)));
        return sessions;
      }
      const file = path.join(path.resolve(settings.userDir), '.sessions.json');
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
        await mirror.quietly(() => core.mirrorSessions(text));
      }
    },

    getLibraryEntry: async (type, entry) => withoutDrafts(await local.getLibraryEntry(type, entry)),
    async saveLibraryEntry(type, entry, meta, body) {
      if (!mirrors()) {
        return local.saveLibraryEntry(type, entry, meta, body);
      }
      return library.save(type, entry, meta, body);
    },

    /** How it stands, for probes; null as long as nothing is mirrored. */
    health: () => core && core.health(),
    packageState: () => packages.state(),

    async close() {
      // Whatever a start has come to: Node-RED may begin another one in this process.
      packages.close();
      for (const part of [packageChanges, watch]) {
        if (part) {
          part.close();
        }
      }
      if (core) {
        await core.close();
      }
    }
  };
}

/** Node-RED makes both soon after: whether they are there is to be asked before. */
function hasPackages(userDir) {
  return ['package.json', 'node_modules'].every((name) => fs.existsSync(path.join(userDir, name)));
}

async function openAdmin(opening) {
  const admin = createAdmin(opening);
  try {
    await admin.init();
  } catch (error) {
    // A connection that stays open would keep a process alive that Node-RED has given up.
    await admin.close();
    throw error;
  }
  return admin;
}

module.exports = { createAdmin, openAdmin };
