'use strict';

// What concerns Node-RED itself on both roles.

const { oneOf, secrets, whole } = require('./environment');

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'off'];

module.exports = {
  flowFile: 'flows.json',
  uiPort: whole('PORT') || 1880,
  ...(secrets.CREDENTIAL_SECRET ? { credentialSecret: secrets.CREDENTIAL_SECRET } : {}),
  logging: { console: { level: oneOf('LOG_LEVEL', LEVELS) || 'info', metrics: false, audit: false } }
};
