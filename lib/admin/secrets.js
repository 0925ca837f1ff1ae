'use strict';

const credentialsOf = require('../flows/credentials');

/**
 * @import { Runtime, Settings, StoredCredentials } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 */

/** @typedef {ReturnType<typeof createSecrets>} Secrets */

/**
 * Which secret decrypts the admin's credentials, now and at the moment they are saved: the
 * Project's own, or Node-RED's generated one. A secret of settings.js is never shared.
 *
 * @param {Settings} settings
 * @param {Pick<Runtime, 'settings'>} runtime
 * @param {Pick<DiskFiles, 'activeProject'>} files
 */
function createSecrets(settings, runtime, files) {
  /** @returns {string | undefined} */
  const generated = () => (runtime.settings.available() ? runtime.settings.get('_credentialSecret') : undefined);

  const known = () => {
    const project = files.activeProject();
    return [project ? project.credentialSecret : undefined, generated(), settings.credentialSecret];
  };

  /** What Node-RED's next load decrypts with; undefined when it expects plain credentials. */
  const expected = () => {
    const project = files.activeProject();
    return project ? project.credentialSecret || undefined : generated() || settings.credentialSecret || undefined;
  };

  return {
    /** Those that may decrypt what was encrypted here. */
    known,

    /**
     * The secret that workers need, or undefined when they must have it themselves.
     *
     * @returns {string | undefined}
     */
    toShare() {
      const project = files.activeProject();
      return project ? project.credentialSecret || undefined : generated();
    },

    /**
     * Whether this admin can decrypt these credentials.
     *
     * @param {unknown} credentials
     */
    opens: (credentials) => opensWith(credentials, known()),

    /**
     * Credentials from Valkey, in the form that this admin's Node-RED can load.
     *
     * @param {StoredCredentials} credentials
     * @param {string | undefined} sharedSecret
     * @returns {StoredCredentials}
     */
    fit(credentials, sharedSecret) {
      const wanted = expected();
      if (!credentialsOf.isEncrypted(credentials) || opensWith(credentials, [wanted])) {
        return credentials;
      }
      if (!opensWith(credentials, [...known(), sharedSecret])) {
        return credentials; // nobody here can read them: the load will say so
      }
      const { plain } = credentialsOf.open(credentials, [...known(), sharedSecret]);
      return wanted === undefined ? plain : credentialsOf.encrypt(wanted, plain);
    },

    /**
     * Makes a secret from Valkey Node-RED's generated one; false when this admin has another kind.
     *
     * @param {unknown} sharedSecret
     */
    async adopt(sharedSecret) {
      const isGenerated = settings.credentialSecret === undefined && !files.activeProject();
      if (!isGenerated || typeof sharedSecret !== 'string' || !runtime.settings.available()) {
        return false;
      }
      if (generated() !== sharedSecret) {
        await runtime.settings.set('_credentialSecret', sharedSecret);
      }
      return true;
    }
  };
}

/**
 * Whether one of the secrets decrypts these credentials.
 *
 * @param {unknown} credentials
 * @param {unknown[]} candidates
 */
function opensWith(credentials, candidates) {
  try {
    credentialsOf.open(credentials, candidates);
    return true;
  } catch {
    return false;
  }
}

module.exports = { createSecrets, opensWith };
