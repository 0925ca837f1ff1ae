'use strict';

/**
 * @import { Log } from '../types/core'
 * @import { Settings, StoredSettings } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 */

/**
 * Says on the admin when its credentials are encrypted with a secret that does not reach workers by
 * itself: a worker that lacks it refuses every deploy, and the admin would look healthy.
 *
 * @param {object} params
 * @param {Settings} params.settings
 * @param {Pick<DiskFiles, 'activeProject'>} params.files
 * @param {boolean} params.shares whether the secret is stored in Valkey
 * @param {Log} params.log
 */
function createSecretNotices({ settings, files, shares, log }) {
  /** @type {string | undefined} */
  let told;

  /** @param {string} text */
  const tell = (text) => {
    if (told !== text) {
      told = text;
      log.warn(text);
    }
  };

  return {
    /**
     * `loaded`: the settings as the disk has them. Node-RED drops a generated secret for one of settings.js.
     *
     * @param {StoredSettings} loaded
     */
    atStart(loaded) {
      if (
        typeof settings.credentialSecret === 'string' &&
        !files.activeProject() &&
        loaded._credentialSecret !== undefined
      ) {
        log.warn(
          "from the next deploy on, credentials are encrypted with 'credentialSecret' of settings.js instead of the generated secret: it is never shared, so every worker needs the same 'credentialSecret'"
        );
      }
    },

    /**
     * A deploy is mirrored, and this secret decrypts its credentials (undefined: one of settings.js, or none).
     *
     * @param {string | undefined} secret
     */
    onMirror(secret) {
      const project = files.activeProject();
      const isConfigured = !project && settings.credentialSecret !== undefined;
      if (shares || secret === undefined || isConfigured) {
        return;
      }
      tell(
        project
          ? `'shareCredentialSecret' is false: workers can decrypt the credentials only if their 'credentialSecret' is the secret of the Project '${project.name}'`
          : "'shareCredentialSecret' is false and settings.js has no 'credentialSecret': no worker can decrypt the credentials; set the same 'credentialSecret' on all instances"
      );
    }
  };
}

module.exports = { createSecretNotices };
