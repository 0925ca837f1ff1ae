'use strict';

// What concerns Node-RED itself on both roles.

const { oneOf, secrets, whole } = require('./environment');

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'off'];

/** Flow and global context of all instances, in Valkey; without it each process has its own in memory. */
function context() {
  if (oneOf('CONTEXT', ['memory', 'shared']) !== 'shared') {
    return {};
  }
  const shared = require('node-red-storage-valkey/context');
  return {
    contextStorage: { default: { module: shared }, memory: { module: 'memory' } },
    functionGlobalContext: { shared: shared.shared }
  };
}

module.exports = {
  flowFile: 'flows.json',
  uiPort: whole('PORT') || 1880,
  ...context(),
  ...(secrets.CREDENTIAL_SECRET ? { credentialSecret: secrets.CREDENTIAL_SECRET } : {}),
  logging: { console: { level: oneOf('LOG_LEVEL', LEVELS) || 'info', metrics: false, audit: false } }
};
