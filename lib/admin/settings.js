'use strict';

const { isCredentials } = require('../flows/credentials');
const { inspect, isFlows } = require('./disk-files');
const { opensWith } = require('./secrets');

/**
 * @import { AdminCore, Log } from '../types/core'
 * @import { LocalStorage, Settings, StoredSettings } from '../types/node-red'
 * @import { createPackages } from '../packages'
 * @import { createPackageChanges } from '../packages/palette/changes'
 * @import { DiskFiles } from './disk-files'
 * @import { createJournal } from './journal'
 * @import { createMirror } from './mirror'
 * @import { createSecretNotices } from './secret-notices'
 * @import { createSecrets } from './secrets'
 * @import { createSettingsFiles } from './settings-files'
 * @import { createStored } from './stored'
 */

/**
 * The settings that Node-RED stores. It asks for them first: so what a start has to see to before
 * nodes and flows are loaded is done here.
 *
 * @param {object} parts
 * @param {Settings} parts.settings settings.js
 * @param {LocalStorage} parts.local
 * @param {AdminCore} parts.core
 * @param {DiskFiles} parts.files
 * @param {ReturnType<typeof createSettingsFiles>} parts.settingsFiles
 * @param {ReturnType<typeof createStored>} parts.stored
 * @param {ReturnType<typeof createJournal>} parts.journal
 * @param {ReturnType<typeof createMirror>} parts.mirror
 * @param {ReturnType<typeof createSecrets>} parts.secrets
 * @param {ReturnType<typeof createSecretNotices>} parts.secretNotices
 * @param {ReturnType<typeof createPackages>} parts.packages
 * @param {ReturnType<typeof createPackageChanges>} parts.packageChanges
 * @param {boolean} parts.packagesAreLost
 * @param {Log} parts.log
 */
function createSettings({
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
}) {
  const fromDisk = async () => {
    const paths = await files.current();
    const [credentials, flows] = paths
      ? await Promise.all([inspect(paths.credentials, isCredentials), inspect(paths.flows, isFlows)])
      : [null, null];
    return settingsFiles.load({
      fetchStored: () => stored.fetch().catch(() => null),
      credentials: credentials && credentials.state === 'ok' ? credentials.value : null,
      diskIsFresh: Boolean(flows && flows.state === 'missing' && !files.activeProject())
    });
  };

  /** @param {StoredSettings & { projects?: any }} found */
  const recoverJournal = async (found) => {
    const project = files.activeProject();
    const known = (found.projects && found.projects.projects) || {};
    const ofProject = project && known[project.name] ? known[project.name].credentialSecret : undefined;
    /** @param {string} text */
    const opens = (text) => {
      const candidates = [ofProject, found._credentialSecret, settings.credentialSecret];
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
    async load() {
      const found = await fromDisk();
      secretNotices.atStart(found);
      await recoverJournal(found);
      await core.mirrorSettings(JSON.stringify(found));
      // The last moment before Node-RED looks for nodes.
      await packages.atStart(packagesAreLost);
      return found;
    },

    /** @param {StoredSettings} changed */
    async save(changed) {
      const text = JSON.stringify(changed); // local storage empties parts of what it is given
      await local.saveSettings(changed);
      packageChanges.noteChange();
      mirror.mirrorNewSecret(secrets.toShare());
      await mirror.quietly(() => core.mirrorSettings(text));
    }
  };
}

module.exports = { createSettings };
