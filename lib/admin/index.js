'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { openCore } = require('../binding/core');
const { createEvents } = require('../binding/events');
const { codedError } = require('../errors');
const { createRuntimeWatch } = require('../flows/runtime-watch');
const { createHistory } = require('../history');
const nodeRed = require('../node-red');
const { openParts } = require('../open-parts');
const { createPackages } = require('../packages');
const { createPackageChanges } = require('../packages/palette/changes');
const { whyNotWritable } = require('../user-dir');
const { createDiskFiles } = require('./disk-files');
const { createFlowFileRecord } = require('./flow-file-record');
const { createJournal } = require('./journal');
const { createLibrary, libraryTypes } = require('./library');
const { withoutDrafts } = require('./library-drafts');
const { createLoading } = require('./loading');
const { createLostRecord } = require('./lost-record');
const { createMirror } = require('./mirror');
const { createNotices } = require('./notices');
const { tellPlacement } = require('./notices/placement');
const { createStandingNotices } = require('./notices/standing');
const { createRefusedDeploy } = require('./refused-deploy');
const { createRestoring } = require('./restoring');
const { createSaving } = require('./saving');
const { createSecretNotices } = require('./secret-notices');
const { createSecrets } = require('./secrets');
const { createSettings } = require('./settings');
const { createSettingsFiles } = require('./settings-files');
const { createStored } = require('./stored');
const { createTwoStepLoad } = require('./two-step-load');
const { tellUnnamedFlowFile } = require('./unnamed-flow-file');
const { createWrittenFlows } = require('./written-flows');

/**
 * @import { OnClose } from '../open-parts'
 * @import { OpenParams } from '../types/core'
 * @import { FlowNode, StoredCredentials } from '../types/node-red'
 */

/**
 * Opens an admin: everything is on Node-RED's own disk first, and then mirrored.
 *
 * @param {OpenParams} params
 */
function openAdmin({ settings, runtime, log, options, checked, member, placement, difference }) {
  return openParts(async (/** @type {OnClose} */ onClose) => {
    const local = nodeRed.localStorage();
    const userDir = path.resolve(settings.userDir);
    const settingsFiles = createSettingsFiles({ userDir, settings, local, log });
    // Local storage makes files and folders: what the disk has is looked at before.
    const [typesAtStart] = await Promise.all([libraryTypes(userDir), settingsFiles.repair()]);
    const packagesAreLost = !hasPackages(userDir);
    await local.init(settings, runtime).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      const problem = whyNotWritable(userDir, error);
      throw problem ? codedError('ERR_VALKEY_DISK', problem) : error;
    });

    const notices = createNotices(runtime);
    onClose(notices.close);
    tellPlacement({ placement, notices });
    const events = createEvents(log);
    const core = openCore('Admin', { options, userDir, log, onEvent: events.onEvent });
    onClose(core.close);
    const packages = createPackages({ core, settings, runtime, log, upgrade: 'report' });
    onClose(packages.close);
    const packageChanges = createPackageChanges({ runtime, log, publish: core.packagesChanged });
    onClose(packageChanges.close);
    const watch = createRuntimeWatch({ events: runtime.events, isOwn: () => false, onOwn() {}, onType() {} });
    onClose(watch.close);

    const files = createDiskFiles(settings, local);
    await tellUnnamedFlowFile({ settings, files, log });
    const secrets = createSecrets(settings, runtime, files);
    const secretNotices = createSecretNotices({ settings, files, shares: checked.shareCredentialSecret, log });
    const journal = createJournal(userDir, log);
    const record = createLostRecord(userDir, log);
    const flowFile = createFlowFileRecord({ settings, files, log });
    const loading = createLoading({ local, files, flowFile, secrets, log });
    const history = createHistory({ core, runtime, secrets, project: () => files.activeProject()?.name });
    onClose(history.close);
    const mirror = createMirror({
      core,
      files,
      secrets,
      notices,
      log,
      /** @param {string | undefined} secret */
      beforeSend(secret) {
        packageChanges.flush();
        history.beforeSend();
        secretNotices.onMirror(secret);
      },
      onEqual: record.end
    });
    const stored = createStored({ core, mirror });
    const refused = createRefusedDeploy({ core, runtime, watch, notices, log });
    const restoring = createRestoring({
      core,
      local,
      files,
      record,
      loading,
      secrets,
      mirror,
      refused,
      runtime,
      watch,
      log
    });
    const saving = createSaving({
      local,
      written: createWrittenFlows({ local, writer: nodeRed.fileWriter() }),
      files,
      flowFile,
      secrets,
      journal,
      loading,
      mirror,
      restoring,
      refused,
      notices,
      history,
      onWriting: difference.goOn,
      log
    });
    const load = createTwoStepLoad({
      local,
      files,
      loading,
      stored,
      settingsFiles,
      restoring,
      saving,
      refused,
      mirror,
      packageChanges,
      notices,
      log
    });
    const kept = createSettings({
      settings,
      local,
      core,
      files,
      settingsFiles,
      stored,
      journal,
      mirror,
      secrets,
      secretNotices,
      packages,
      packageChanges,
      packagesAreLost,
      log
    });
    /** @type {ReturnType<typeof import('./sessions').createSessions> | undefined} */
    let opened;
    // Without log-ins nobody asks for them.
    const sessions = () => (opened ??= require('./sessions').createSessions({ userDir, local, core, mirror, stored }));
    const pretty = Boolean(settings.flowFilePretty);
    const library = createLibrary({ local, log, core, userDir, typesAtStart, pretty });

    const standing = createStandingNotices({ core, notices });

    const others = placement.watchOthers(() => member.core.readMembers());
    onClose(others.close);

    await core.open(os.hostname());
    // Not before: until then the core can't be asked what an event is about.
    events.listen({
      restore: restoring.restore,
      refused: refused.load,
      library: library.compare,
      standing: standing.tell,
      packages: packages.onJob
    });

    return {
      getSettings: kept.load,
      saveSettings: kept.save,

      getFlows: load.flows,
      /**
       * @param {FlowNode[]} flows
       * @param {object} [user]
       */
      saveFlows: (flows, user) => refused.beside(() => saving.flows(flows, user)),

      getCredentials: load.credentials,
      /** @param {StoredCredentials} credentials */
      async saveCredentials(credentials) {
        await refused.beside(() => saving.credentials(credentials));
      },

      getSessions: () => sessions().load(),
      /** @param {object} given */
      saveSessions: (given) => sessions().save(given),

      /**
       * @param {string} type
       * @param {string} entry
       */
      getLibraryEntry: async (type, entry) => withoutDrafts(await local.getLibraryEntry(type, entry)),
      saveLibraryEntry: library.save,

      /** How it stands, for probes. */
      health: core.health,
      packageState: packages.state,
      /** Undefined where none is kept. */
      history: checked.history ? history.asked : undefined
    };
  });
}

/**
 * Node-RED makes both soon after: whether they are there is to be asked before.
 *
 * @param {string} userDir
 */
function hasPackages(userDir) {
  return ['package.json', 'node_modules'].every((name) => fs.existsSync(path.join(userDir, name)));
}

module.exports = { openAdmin };
