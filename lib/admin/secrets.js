'use strict';

const credentialsOf = require('../credentials');

/**
 * Which secret decrypts the admin's credentials, now and at the moment they are saved: the
 * Project's own, or Node-RED's generated one. A secret of settings.js is never shared.
 */
function createSecrets(settings, runtime, files) {
  const generated = () => (runtime.settings.available() ? runtime.settings.get('_credentialSecret') : undefined);

  return {
    /** The secret that workers need, or undefined when they must have it themselves. */
    toShare() {
      const project = files.activeProject();
      return project ? project.credentialSecret || undefined : generated();
    },

    /** Whether this admin can decrypt these credentials. */
    opens(credentials, ...further) {
      const project = files.activeProject();
      const candidates = [
        project ? project.credentialSecret : undefined,
        generated(),
        settings.credentialSecret || undefined,
        ...further
      ];
      return opensWith(credentials, candidates);
    }
  };
}

/** Whether one of the secrets decrypts these credentials. */
function opensWith(credentials, candidates) {
  try {
    credentialsOf.open(credentials, candidates);
    return true;
  } catch {
    return false;
  }
}

module.exports = { createSecrets, opensWith };
