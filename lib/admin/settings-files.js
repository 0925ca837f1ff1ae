'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { isObject } = require('../is-object');
const { asideOf, inspect, setAside } = require('./disk-files');
const { opensWith } = require('./secrets');

/**
 * @import { StoredDeploy } from '../../binding'
 * @import { Log } from '../types/core'
 * @import { LocalStorage, Settings, StoredCredentials } from '../types/node-red'
 */

/** Node-RED's settings, by the file that holds each part. */
const SECTIONS = ['runtime', 'nodes', 'users', 'projects', 'modules'];
/** The parts that instances share. */
const SHARED = ['nodes', 'users'];

/**
 * Looks after Node-RED's settings files (`.config.<section>.json`): one that is missing, empty,
 * broken or unreadable is read by local storage as an empty one, and with it the secret that
 * decrypts the credentials, or the active Project, would be gone.
 *
 * @param {object} params
 * @param {string} params.userDir
 * @param {Settings} params.settings
 * @param {Pick<LocalStorage, 'getSettings' | 'saveSettings'>} params.local
 * @param {Log} params.log
 */
function createSettingsFiles({ userDir, settings, local, log }) {
  /** @param {string} section */
  const fileOf = (section) => path.join(userDir, `.config.${section}.json`);
  const projectsEnabled = () => Boolean(settings.editorTheme?.projects?.enabled);
  /** @type {Record<string, string | undefined>} */
  const damaged = {}; // sections that no backup could restore, and why

  /** @param {string} section */
  const restoreFromBackup = async (section) => {
    const file = fileOf(section);
    const { state, detail } = await inspect(file, isObject);
    if (state === 'ok') {
      return;
    }
    const backup = await inspect(`${file}.backup`, isObject);
    if (state === 'missing' && backup.state !== 'ok') {
      return;
    }
    try {
      if (state !== 'missing') {
        await setAside(file);
      }
      if (backup.state === 'ok') {
        await fs.promises.copyFile(`${file}.backup`, file);
        log.error(`${path.basename(file)} ${detail}: restored from its backup`);
        return;
      }
    } catch (error) {
      log.error(`${path.basename(file)} can't be restored: ${error.message}`);
    }
    damaged[section] = detail;
  };

  return {
    /** Before anything reads them: what a backup can restore. */
    async repair() {
      await Promise.all(SECTIONS.map(restoreFromBackup));
    },

    /**
     * Nobody knows which Project was active: what is loaded instead must not be mirrored. Node-RED
     * writes the file anew; what was set aside tells it at later starts.
     */
    projectIsUnknown: () => projectsEnabled() && fs.existsSync(asideOf(fileOf('projects'))),

    /**
     * The settings as local storage has them, with what was damaged or lost restored from Valkey.
     * `fetchStored` reads Valkey; `credentials` is what the credentials file holds, or null.
     *
     * @param {object} params
     * @param {() => Promise<Pick<StoredDeploy, 'settings'> | null | undefined>} params.fetchStored
     * @param {StoredCredentials | null} params.credentials
     * @param {boolean} params.diskIsFresh
     */
    async load({ fetchStored, credentials, diskIsFresh }) {
      const loaded = (await local.getSettings()) || {};
      const isDamaged = Object.keys(damaged).length > 0;
      const secretMissing =
        settings.credentialSecret === undefined &&
        loaded._credentialSecret === undefined &&
        Boolean(diskIsFresh || damaged.runtime || (credentials && credentials.$));
      if (!isDamaged && !secretMissing && !diskIsFresh) {
        return loaded;
      }
      const stored = await fetchStored();
      const shared = stored ? JSON.parse(stored.settings) : {};
      for (const section of SHARED.filter((name) => diskIsFresh || damaged[name])) {
        loaded[section] = loaded[section] || shared[section];
      }
      const secret = shared._credentialSecret;
      const takesSecret = secretMissing && secret !== undefined && (!credentials || opensWith(credentials, [secret]));
      if (takesSecret) {
        loaded._credentialSecret = secret;
      }
      for (const [section, detail] of Object.entries(damaged)) {
        const isRestored = section === 'runtime' ? takesSecret : loaded[section] !== undefined;
        log.error(
          `${path.basename(fileOf(section))} ${detail}: ${
            isRestored ? 'restored from Valkey' : 'there is nothing to restore it from, it starts empty'
          }`
        );
      }
      if (takesSecret && !damaged.runtime && credentials) {
        log.error('the secret that decrypts the credentials was lost on this disk: it was restored from Valkey');
      }
      // A disk that takes nothing is no reason not to start.
      await local
        .saveSettings(structuredClone(loaded))
        .catch((error) => log.error(`settings can't be saved: ${error.message}`));
      return loaded;
    }
  };
}

module.exports = { createSettingsFiles };
