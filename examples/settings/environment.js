'use strict';

// What admin and workers share: the object `valkey`, from the environment. README.md lists the names.

const fs = require('node:fs');

/** A secret from the environment, or from the file that `<name>_FILE` names. */
function secret(name) {
  const file = process.env[`${name}_FILE`];
  return file ? fs.readFileSync(file, 'utf8').trim() : process.env[name];
}

/** 'a:1,b:2' as a list, undefined when there is nothing in it. */
function list(name) {
  const entries = (process.env[name] || '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);
  return entries.length > 0 ? entries : undefined;
}

/** Where the server is: Sentinels, a cluster, or one address. */
function address() {
  const sentinels = list('REDIS_SENTINELS');
  if (sentinels) {
    return {
      sentinels,
      name: process.env.REDIS_SENTINEL_NAME || 'mymaster',
      sentinelPassword: secret('REDIS_SENTINEL_PASSWORD')
    };
  }
  const cluster = list('REDIS_CLUSTER');
  return cluster ? { cluster } : { host: process.env.REDIS_HOST || 'localhost', port: process.env.REDIS_PORT || 6379 };
}

/** TLS, when it is asked for; `REDIS_CA_FILE` is what is trusted in place of the usual authorities. */
function tls() {
  if (process.env.REDIS_TLS !== 'true') {
    return {};
  }
  const ca = process.env.REDIS_CA_FILE;
  const options = ca ? { ca: fs.readFileSync(ca) } : true;
  // Sentinels are asked over TLS as well.
  const ofSentinels = { sentinelTLS: options, enableTLSForSentinelMode: true };
  return { tls: options, ...(list('REDIS_SENTINELS') ? ofSentinels : {}) };
}

/** `settings.valkey` of an instance. */
function valkey(role) {
  const { REDIS_USERNAME, KEY_PREFIX, COMPRESSION, HEALTH_PORT, HEALTH_MAX_AGE } = process.env;
  return {
    role,
    ...address(),
    ...tls(),
    username: REDIS_USERNAME,
    password: secret('REDIS_PASSWORD'),
    keyPrefix: KEY_PREFIX || 'nodered:',
    enableCompression: COMPRESSION || false,
    health: HEALTH_PORT ? { port: HEALTH_PORT, maxAge: HEALTH_MAX_AGE || null } : false
  };
}

/** What concerns Node-RED itself on both. */
function common() {
  const credentialSecret = secret('CREDENTIAL_SECRET');
  return {
    flowFile: 'flows.json',
    uiPort: process.env.PORT || 1880,
    ...(credentialSecret ? { credentialSecret } : {}),
    logging: { console: { level: process.env.LOG_LEVEL || 'info', metrics: false, audit: false } }
  };
}

module.exports = { common, secret, valkey };
