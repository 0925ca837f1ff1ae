'use strict';

// The least rights with which an admin and a worker work, as docs/operations.md tells operators
// (server-users.test.js compares both, and asks for everything with these rights alone).

// `AUTH` and `HELLO` need no right; `ROLE` is asked with Sentinel and Cluster, `CLUSTER SLOTS`
// with Cluster, `ASKING` while one of its slots is moved, `SELECT` with a `db`, `CLIENT SETNAME` with a `connectionName`.
const CONNECTION = ['ping', 'select', 'info', 'role', 'cluster|slots', 'asking', 'client|setname', 'client|setinfo'];
const READ = ['multi', 'exec', 'getrange', 'strlen', 'exists', 'scan'];
const LIBRARY = ['hlen', 'hscan'];
/** Deploys that were replaced are kept as hashes. */
const BACKUPS = ['hscan'];
const WRITE = ['set', 'del', 'hset', 'hdel', 'pttl', 'publish', 'eval', 'evalsha'];
const SUBSCRIPTION = ['subscribe'];
/** `SCAN` to begin with, `CLIENT TRACKING` for what others change. */
const CONTEXT = [
  'client|tracking',
  'get',
  'mget',
  'set',
  'mset',
  'del',
  'scan',
  'incrby',
  'incrbyfloat',
  'pexpire',
  'eval',
  'evalsha',
  'script|load'
];
/** What instances report of themselves, besides those of the context. */
const FLEET = ['getrange', 'time', 'zadd', 'zrem', 'zrange', 'zremrangebyscore', 'zremrangebyrank'];
/** The leases of tabs that run once: scripts, and a channel that wakes workers; besides all of those. */
const LEASES = ['pttl', 'publish', 'subscribe'];
/** What a worker reads. Not the sessions: an access token in them opens the admin's editor. */
const KEYS_OF_A_WORKER = ['flows', 'credentials', 'settings', 'revision', 'packages', 'library:*', 'index:*'];
/** What one with an editor reads besides. */
const KEYS_OF_AN_EDITOR = ['sessions'];

function atLeast(version, major, minor = 0) {
  const [haveMajor, haveMinor] = version.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

/**
 * `CLIENT SETINFO` came with Redis 7.2. Redis 7.0 refuses a rule for a subcommand it lacks, while
 * 6 takes any, and would otherwise log each connection as a breach.
 */
function known(commands, version) {
  const lacksSetinfo = atLeast(version, 7) && !atLeast(version, 7, 2);
  return commands.filter((command) => command !== 'client|setinfo' || !lacksSetinfo);
}

function rules({ password, keys, channels, commands, version }) {
  return [
    'on',
    `>${password}`,
    ...keys,
    'resetchannels',
    ...[].concat(channels),
    '-@all',
    ...known(commands, version).map((command) => `+${command}`)
  ];
}

/**
 * Rules for `ACL SETUSER <name> reset …`: an admin, everything under the prefix and nothing else.
 *
 * @param {string} prefix
 * @param {string} password
 * @param {object} [options]
 * @param {string} [options.version] of the server
 * @returns {string[]}
 */
function adminRules(prefix, password, { version = '8.0' } = {}) {
  const commands = [...CONNECTION, ...READ, ...BACKUPS, ...WRITE];
  return rules({ password, keys: [`~${prefix}*`], channels: `&${prefix}*`, commands, version });
}

/**
 * Rules for a worker: it may read what it needs under the prefix and subscribe, and has no command that
 * writes. Servers before 7.0 have no read-only key pattern; there the missing commands alone protect.
 *
 * @param {string} prefix
 * @param {string} password
 * @param {object} [options]
 * @param {string} [options.version] of the server
 * @param {boolean} [options.editor] it has an editor, at which the admin's log-ins count
 * @returns {string[]}
 */
function workerRules(prefix, password, { version = '8.0', editor = false } = {}) {
  const pattern = `${atLeast(version, 7) ? '%R~' : '~'}${prefix}`;
  const keys = [...KEYS_OF_A_WORKER, ...(editor ? KEYS_OF_AN_EDITOR : [])].map((key) => pattern + key);
  const commands = [...CONNECTION, ...READ, ...LIBRARY, ...SUBSCRIPTION];
  return rules({ password, keys, channels: `&${prefix}*`, commands, version });
}

/**
 * Rules for the user of what all instances write (`state`), of an admin and of workers.
 *
 * @param {string} prefix
 * @param {string} password
 * @param {object} [options]
 * @param {string} [options.version] of the server
 * @returns {string[]}
 */
function stateRules(prefix, password, { version = '8.0' } = {}) {
  const keys = ['context:*', 'once:*', 'fleet', 'fleet:*'].map((key) => `~${prefix}${key}`);
  const commands = [...CONNECTION, ...CONTEXT, ...FLEET, ...LEASES];
  const channels = ['once', 'fleet:debug'].map((channel) => `&${prefix}${channel}`);
  return rules({ password, keys, channels, commands, version });
}

/** The same as a line of the server's configuration or ACL file. */
function userLine(name, rulesOfUser) {
  return `user ${name} ${rulesOfUser.join(' ')}`;
}

const adminLine = (prefix, password, { name = 'admin', ...options } = {}) =>
  userLine(name, adminRules(prefix, password, options));
const workerLine = (prefix, password, { name = 'worker', ...options } = {}) =>
  userLine(name, workerRules(prefix, password, options));

const stateLine = (prefix, password, { name = 'state', ...options } = {}) =>
  userLine(name, stateRules(prefix, password, options));

/** A user of the Sentinels, for either role: it asks for the master and hears of a new one. */
function sentinelLine(password, { name = 'sentinel', version = '8.0' } = {}) {
  const commands = [
    'ping',
    'client|setname',
    'client|setinfo',
    'subscribe',
    'sentinel|get-master-addr-by-name',
    'sentinel|sentinels'
  ];
  const rulesOfUser = rules({ password, keys: ['resetkeys'], channels: '&+switch-master', commands, version });
  return userLine(name, rulesOfUser);
}

module.exports = { adminRules, workerRules, adminLine, workerLine, sentinelLine, stateLine, userLine };
