'use strict';

const path = require('path');

const { inspect, isObject } = require('./disk-files');
const { opensWith } = require('./secrets');

/** The parts of Node-RED's settings that can be restored, by the file that holds them. */
const SECTIONS = ['runtime', 'nodes', 'users'];

/**
 * Looks after Node-RED's settings files (`.config.<section>.json`): one that is empty, broken or
 * unreadable is read by local storage as an empty one, and with it the secret that decrypts the
 * credentials would be gone and invented anew.
 */
function createSettingsFiles({ settings, local, log }) {
  const fileOf = (section) => path.join(settings.userDir, `.config.${section}.json`);

  const damage = async () => {
    const found = {};
    for (const section of SECTIONS) {
      const { state, detail } = await inspect(fileOf(section), isObject);
      if (state !== 'ok' && state !== 'missing') {
        found[section] = detail;
      }
    }
    return found;
  };

  /** The secret that decrypts what is on disk, or the best guess when nothing is. */
  const secretFor = (credentials, candidates) => {
    const known = candidates.filter((secret) => typeof secret === 'string');
    const fitting = credentials && known.find((secret) => opensWith(credentials, [secret]));
    return fitting || known[known.length - 1];
  };

  return {
    /**
     * The settings as local storage has them, restored from their backups or from Valkey where a
     * file was damaged or its secret is gone. `fetchStored` reads Valkey; `credentials` is what the
     * credentials file holds, or null.
     */
    async load({ fetchStored, credentials, diskIsFresh }) {
      const damaged = await damage();
      const backups = {};
      for (const section of Object.keys(damaged)) {
        const backup = await inspect(`${fileOf(section)}.backup`, isObject);
        backups[section] = backup.state === 'ok' ? backup.value : null;
      }
      const loaded = (await local.getSettings()) || {};
      const secretMissing =
        settings.credentialSecret === undefined &&
        loaded._credentialSecret === undefined &&
        (diskIsFresh || damaged.runtime || (credentials && credentials.$));
      if (Object.keys(damaged).length === 0 && !secretMissing && !diskIsFresh) {
        return loaded;
      }
      const stored = await fetchStored();
      const storedSettings = stored ? JSON.parse(stored.settings) : {};
      for (const section of Object.keys(damaged)) {
        restoreSection(loaded, section, backups[section], storedSettings);
        log.error(`${path.basename(fileOf(section))} ${damaged[section]}: restored from ${
          backups[section] ? 'its backup' : stored ? 'Valkey' : 'nothing, it starts empty'}`);
      }
      if (diskIsFresh) {
        for (const section of ['nodes', 'users']) {
          loaded[section] = loaded[section] || storedSettings[section];
        }
      }
      if (secretMissing) {
        const candidates = [backups.runtime && backups.runtime._credentialSecret, storedSettings._credentialSecret];
        const secret = secretFor(credentials, candidates);
        if (secret !== undefined) {
          loaded._credentialSecret = secret;
        }
      }
      await local.saveSettings(structuredClone(loaded));
      return loaded;
    }
  };
}

function restoreSection(loaded, section, backup, stored) {
  if (section === 'runtime') {
    Object.assign(loaded, { ...backup, ...loaded });
  } else {
    loaded[section] = backup || stored[section] || loaded[section];
  }
}

module.exports = { createSettingsFiles };
