// Compiled by `npm run lint:types`, never run: the public types against the ways they are used.

import storage = require('../index');

const admin: storage.ValkeyOptions = {
  role: 'admin',
  host: process.env.REDIS_HOST || 'localhost',
  port: Number(process.env.REDIS_PORT) || 6379,
  password: process.env.REDIS_PASSWORD,
  keyPrefix: 'nodered:',
  enableCompression: true,
  sessionTTL: 3600,
  shareCredentialSecret: false,
  health: { port: '9080', host: '127.0.0.1', path: '/health', maxAge: 3600 },
  context: { maxValue: 1000, importFrom: ['nodered:nodered:context:'] }
};

const worker: storage.ValkeyOptions = {
  role: 'worker',
  path: '/run/valkey.sock',
  username: 'worker',
  db: '2',
  port: process.env.REDIS_PORT,
  connectTimeout: 5000,
  reload: 'flows',
  tls: {
    ca: ['-----BEGIN CERTIFICATE-----', Buffer.alloc(0)],
    key: { pem: '-----BEGIN PRIVATE KEY-----', passphrase: 'secret' },
    minVersion: 'TLSv1.3',
    checkServerIdentity: (name, certificate) => (certificate.subject.CN === name ? undefined : new Error('no'))
  },
  retryStrategy: (times) => (times > 10 ? null : times * 100),
  reconnectOnError: (error) => (error.message.startsWith('LOADING') ? 2 : error.command.name === 'get'),
  maxRetriesPerRequest: null,
  keepAlive: '30000',
  // The same object is shared with the context store, so its options are accepted.
  timeout: 30000
};

// Texts of the environment, wherever a text is taken; compiled under exactOptionalPropertyTypes.
export const ofEnvironment: storage.ValkeyOptions = {
  role: 'worker',
  host: process.env.REDIS_HOST,
  password: process.env.REDIS_PASSWORD,
  username: process.env.REDIS_USERNAME,
  db: process.env.REDIS_DB,
  family: process.env.REDIS_FAMILY,
  protocol: process.env.REDIS_PROTOCOL,
  tls: process.env.REDIS_TLS,
  enableCompression: process.env.COMPRESSION,
  sessionTTL: process.env.SESSION_TTL,
  syncPackages: process.env.SYNC_PACKAGES,
  packageInstallScripts: process.env.PACKAGE_INSTALL_SCRIPTS,
  shareCredentialSecret: process.env.SHARE_CREDENTIAL_SECRET,
  connectTimeout: process.env.CONNECT_TIMEOUT,
  sentinelPassword: process.env.SENTINEL_PASSWORD,
  health: { port: process.env.HEALTH_PORT || 9080, maxAge: process.env.HEALTH_MAX_AGE },
  sentinelTLS: { servername: process.env.REDIS_SERVERNAME, rejectUnauthorized: process.env.REDIS_VERIFY }
};

// A settings.js.
export const settings = {
  storageModule: storage,
  valkey: [admin, worker]
};

export async function use(): Promise<string[]> {
  await storage.init({}, {});
  const flows: object[] = await storage.getFlows();
  await storage.saveFlows(flows, { username: 'anna' });
  await storage.saveFlows(flows);
  await storage.saveCredentials(await storage.getCredentials());
  await storage.saveSettings(await storage.getSettings());
  await storage.saveSessions(await storage.getSessions());
  await storage.saveLibraryEntry('functions', 'a/b.js', { name: 'b' }, 'return msg;');
  const entry = await storage.getLibraryEntry('functions', 'a');
  return typeof entry === 'string' ? [entry] : entry.map((item) => (typeof item === 'string' ? item : item.fn));
}

// What ioredis has and this module has no use for; and what asks for nothing that is refused.
export const ofIoredis: storage.ValkeyOptions = {
  role: 'admin',
  lazyConnect: true,
  stringNumbers: 'false',
  slotsRefreshInterval: null,
  clusterNodeRetryStrategy: () => 100,
  scaleReads: 'master',
  readOnly: false,
  health: false,
  tls: { requestOCSP: true, timeout: 5000 }
};
// An object that is shared with others may have more.
const shared = { role: 'worker' as const, host: 'a', somethingElse: 1 };
export const ofShared: storage.ValkeyOptions = shared;

// @ts-expect-error it is 'keyPrefix'
export const mistyped: storage.ValkeyOptions = { role: 'admin', keyprefix: 'nodered:' };
// @ts-expect-error it is 'rejectUnauthorized'
export const mistypedTls: storage.ValkeyOptions = { role: 'admin', tls: { rejectUnauthorised: false } };
export const mistypedNode: storage.ValkeyOptions = {
  role: 'admin',
  cluster: ['a'],
  // @ts-expect-error it is 'password'
  redisOptions: { pasword: 'secret' }
};
// @ts-expect-error refused at start: an admin writes
export const readsOnly: storage.ValkeyOptions = { role: 'admin', readOnly: true };
// @ts-expect-error refused at start: the host stands beside 'tls'
export const hostInTls: storage.ValkeyOptions = { role: 'admin', tls: { host: 'a' } };
// @ts-expect-error the role is required
export const withoutRole: storage.ValkeyOptions = { host: 'localhost' };
// @ts-expect-error probes need a port
export const withoutPort: storage.ValkeyOptions = { role: 'worker', health: { path: '/health' } };
// @ts-expect-error there is no such role
export const wrongRole: storage.ValkeyOptions = { role: 'editor' };
// @ts-expect-error 'node' is no kind of reload
export const wrongReload: storage.ValkeyOptions = { role: 'worker', reload: 'node' };
// @ts-expect-error a number of seconds, not a date
export const wrongTtl: storage.ValkeyOptions = { role: 'admin', sessionTTL: new Date() };
export const watched: storage.ValkeyOptions = {
  role: 'admin',
  sentinels: [{ host: 'a' }, { host: 'b', port: '26380' }, 'c:26379'],
  name: 'mymaster',
  sentinelPassword: process.env.SENTINEL_PASSWORD,
  natMap: (announced) => (announced === '10.0.0.1:6379' ? { host: 'a', port: 1 } : null)
};
export const clustered: storage.ValkeyOptions = {
  role: 'worker',
  cluster: [{ host: 'a', port: 6379 }, 7000],
  redisOptions: { password: 'secret' },
  natMap: { '10.0.0.1:6379': { host: 'a', port: 1 } }
};
// @ts-expect-error Sentinels are a list
export const wrongSentinels: storage.ValkeyOptions = { role: 'admin', sentinels: 'a:26379' };
// @ts-expect-error an answer is false, true, 1 or 2
export const wrongReaction: storage.ValkeyOptions = { role: 'admin', reconnectOnError: () => 3 };
// @ts-expect-error the retry strategy gives a number
export const wrongRetry: storage.ValkeyOptions = { role: 'admin', retryStrategy: () => 'soon' };
// @ts-expect-error TLS 1.1 is no version to ask for
export const wrongVersion: storage.ValkeyOptions = { role: 'admin', tls: { minVersion: 'TLSv1.1' } };
export const advice: Partial<Record<storage.ErrorCode, string>> = { ERR_VALKEY_TLS: 'see to the certificate' };
// @ts-expect-error there is no such code
export const wrongCode: storage.ErrorCode = 'ERR_VALKEY_LOGIN';
// @ts-expect-error flows are an array
export const wrongFlows = storage.saveFlows({ flows: [] });
