'use strict';

// The object `valkey` of settings.js, from the environment. README.md lists the names.

const os = require('node:os');

const { contents, flag, list, oneOf, secrets, text, whole, wrong } = require('./environment');

/** Where the server is: Sentinels, a cluster, or one address. */
function address() {
  const sentinels = list('REDIS_SENTINELS');
  const cluster = list('REDIS_CLUSTER');
  if (sentinels && cluster) {
    throw wrong('REDIS_SENTINELS', 'and REDIS_CLUSTER are both set: only one can be meant');
  }
  if (sentinels) {
    return {
      sentinels,
      name: text('REDIS_SENTINEL_NAME') || 'mymaster',
      sentinelUsername: text('REDIS_SENTINEL_USERNAME'),
      sentinelPassword: secrets.REDIS_SENTINEL_PASSWORD
    };
  }
  return cluster ? { cluster } : { host: text('REDIS_HOST') || 'localhost', port: whole('REDIS_PORT') || 6379 };
}

/** TLS, when it is asked for. What belongs to it and stands there without it is an error. */
function tls() {
  const names = ['REDIS_CA_FILE', 'REDIS_CERT_FILE', 'REDIS_KEY_FILE', 'REDIS_SERVERNAME'];
  if (!flag('REDIS_TLS')) {
    const lost = names.find(text);
    if (lost) {
      throw wrong(lost, 'is set, but REDIS_TLS is not true: everything would be sent in plain text');
    }
    return {};
  }
  const options = {
    ca: contents('REDIS_CA_FILE'),
    cert: contents('REDIS_CERT_FILE'),
    key: contents('REDIS_KEY_FILE'),
    passphrase: secrets.REDIS_KEY_PASSPHRASE,
    servername: text('REDIS_SERVERNAME')
  };
  // Sentinels are asked over TLS as well.
  const ofSentinels = { sentinelTLS: options, enableTLSForSentinelMode: true };
  return { tls: options, ...(text('REDIS_SENTINELS') ? ofSentinels : {}) };
}

/** Packages: see docs/operations.md. */
function packages() {
  return {
    syncPackages: flag('SYNC_PACKAGES'),
    packageSyncTimeout: whole('PACKAGE_SYNC_TIMEOUT'),
    packageUpgrade: oneOf('PACKAGE_UPGRADE', ['report', 'live', 'restart']),
    packageInstallScripts: flag('PACKAGE_INSTALL_SCRIPTS')
  };
}

/** Who writes the shared context: without a name it is the user of the other connections. */
function state() {
  const username = text('REDIS_STATE_USERNAME');
  const password = secrets.REDIS_STATE_PASSWORD;
  if (password && !username) {
    throw wrong('REDIS_STATE_PASSWORD', 'is set without REDIS_STATE_USERNAME');
  }
  return username && { username, password };
}

/** Options that are not given here are left to the module, which has defaults for all. */
const given = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/** `settings.valkey` of an instance. */
function valkey(role) {
  const healthPort = whole('HEALTH_PORT');
  return given({
    role,
    ...address(),
    ...tls(),
    username: text('REDIS_USERNAME'),
    password: secrets.REDIS_PASSWORD,
    state: state(),
    db: whole('REDIS_DB'),
    // In the server's list of clients: which instance is which.
    connectionName: text('CONNECTION_NAME') || `${role}-${os.hostname()}`,
    keyPrefix: text('KEY_PREFIX'),
    enableCompression: flag('COMPRESSION'),
    sessionTTL: whole('SESSION_TTL'),
    reload: oneOf('RELOAD', ['nodes', 'flows', 'full']),
    waitReplicas: whole('WAIT_REPLICAS'),
    shareCredentialSecret: flag('SHARE_CREDENTIAL_SECRET'),
    ...packages(),
    health: healthPort === undefined ? false : given({ port: healthPort, maxAge: whole('HEALTH_MAX_AGE') })
  });
}

module.exports = { valkey };
