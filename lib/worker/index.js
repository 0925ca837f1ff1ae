'use strict';

const { openCore } = require('../binding/core');
const { createEvents } = require('../binding/events');
const { codedError } = require('../errors');
const { turnBetween } = require('../flows/turn');
const { openParts } = require('../open-parts');
const { createPackageWait } = require('../packages/wait');
const { createPackages } = require('../packages');
const { createReload } = require('../reload');
const { createSerialQueue } = require('../serial-queue');
const { askWhyNotWritable } = require('../user-dir');
const { createFlowObjects } = require('./flow-objects');
const { createStoredDeploys } = require('./stored-deploy');
const { createLoad } = require('./load');
const { createUpdates } = require('./update');
const { prepareUserDir } = require('./user-dir');

/**
 * @import { OnClose } from '../open-parts'
 * @import { OpenParams } from '../types/core'
 * @import { FlowNode } from '../types/node-red'
 */

/**
 * Opens a worker: everything is read from Valkey, nothing is written there. What the runtime saves
 * stays in this process. To be opened before Node-RED loads its nodes.
 *
 * @param {OpenParams} params
 */
function openWorker({ settings, runtime, log, options, checked, member, placement, difference, onUpdate }) {
  return openParts(async (/** @type {OnClose} */ onClose) => {
    if (settings.editorTheme && settings.editorTheme.projects && settings.editorTheme.projects.enabled) {
      log.warn("'editorTheme.projects' has no effect on a worker: it runs what the admin's active Project holds");
    }
    const userDir = settings.readOnly ? undefined : settings.userDir;
    if (userDir) {
      const problem = await askWhyNotWritable(userDir);
      if (problem) {
        log.warn(
          `${problem}. Until then this worker installs no packages, and keeps no copy of its flows to start from while Valkey is away`
        );
      }
      await prepareUserDir(userDir).catch((error) => log.debug(error.message));
    }
    const { keys } = checked;
    const events = createEvents(log);
    const core = openCore('Worker', { options, userDir, log, onEvent: events.onEvent });
    onClose(core.close);
    // Node-RED closes no storage when it ends.
    const onExit = () => core.ends();
    process.on('exit', onExit);
    onClose(() => process.removeListener('exit', onExit));

    const deploys = createStoredDeploys({ settings, runtime, keys, placement });
    const objects = createFlowObjects();
    const reload = createReload({
      runtime,
      mode: checked.reload,
      log: (level, text) => log[level](text),
      onCompleted: () => core.packages()?.flowsHaveChanged(),
      seal: deploys.seal
    });
    onClose(reload.close);
    const once = placement.runOnce({ leases: member.core, reload });
    onClose(once.close);
    member.listen({ tabs: once.leasesChanged });
    const packages = createPackages({ core, settings, runtime, log, upgrade: checked.packageUpgrade, reload });
    onClose(packages.close);
    const packageWait = createPackageWait({
      core,
      runtime,
      settings,
      log,
      patience: checked.packageSyncTimeout,
      packagesSettled: core.background.packagesSettled,
      waitForNpm: packages.waitForNpm,
      missing: packages.missing
    });
    onClose(packageWait.close);
    const turns = createSerialQueue();
    const updates = createUpdates({
      core,
      deploys,
      objects,
      reload,
      packageWait,
      turns,
      log,
      prepareFlows: difference.prepare,
      onUpdate
    });
    const load = createLoad({ core, deploys, objects, reload, turns, keys, log });

    events.listen({
      revision: updates.take,
      async packages() {
        if (await packages.onJob()) {
          packageWait.packagesCame();
        }
      }
    });

    /**
     * @param {string} what
     * @returns {Promise<never>}
     */
    const refuse = async (what) => {
      await reload.restoreCredentials();
      throw codedError(
        'ERR_VALKEY_READ_ONLY',
        `this instance is a worker and does not save ${what}; deploy on the admin instead`
      );
    };

    return {
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

      getFlows: load.flows,
      getCredentials: load.credentials,
      /** @param {FlowNode[]} flows */
      async saveFlows(flows) {
        return reload.isOwnSave() ? turnBetween(flows) : refuse('flows');
      },
      async saveCredentials() {
        return reload.isOwnSave() ? undefined : refuse('credentials');
      },

      async getSessions() {
        const { sessionsIn } = require('../sessions');
        const sessions = sessionsIn(await core.readSessions());
        if (!sessions) {
          log.warn(
            `log-in sessions are not known here: the value of key '${keys.sessions}' can't be used: it is not a JSON object`
          );
        }
        return sessions ?? {};
      },
      async saveSessions() {},

      /**
       * @param {string} type
       * @param {string} path
       */
      async getLibraryEntry(type, path) {
        return JSON.parse(await core.readLibraryEntry(type, path));
      },
      async saveLibraryEntry() {
        return refuse('library entries');
      },

      /** How it stands, for probes. */
      health: core.health,
      packageState: packages.state
    };
  });
}

module.exports = { openWorker };
