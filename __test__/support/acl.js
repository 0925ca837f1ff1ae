'use strict';

// The least rights with which an admin and a worker work, as the README tells operators.

const CONNECTION = ['hello', 'auth', 'ping', 'select', 'role', 'info', 'client|id', 'client|setname'];
const SUBSCRIPTION = ['subscribe', 'unsubscribe'];
const TRANSACTION = ['multi', 'exec', 'discard'];
const READ = ['get', 'mget', 'strlen', 'getrange', 'exists', 'type', 'ttl', 'pttl', 'time', 'hget', 'hmget',
  'hgetall', 'hkeys', 'hlen', 'hexists', 'hscan', 'smembers', 'scard', 'sscan', 'scan'];
const WRITE = ['set', 'mset', 'del', 'unlink', 'expire', 'pexpire', 'persist', 'rename', 'copy', 'hset', 'hdel',
  'sadd', 'srem', 'publish', 'eval', 'evalsha', 'script|load', 'watch', 'unwatch'];

function atLeast(version, major, minor = 0) {
  const [haveMajor, haveMinor] = version.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

/**
 * `CLIENT SETINFO` came with Redis 7.2. Redis 7.0 refuses a rule for a subcommand it lacks, while
 * 6 takes any, and would otherwise log each connection as a breach.
 */
function connectionCommands(version) {
  return atLeast(version, 7) && !atLeast(version, 7, 2) ? CONNECTION : [...CONNECTION, 'client|setinfo'];
}

function rules(password, keys, channels, commands) {
  return ['reset', 'on', `>${password}`, keys, 'resetchannels', channels, '-@all',
    ...commands.map((command) => `+${command}`)];
}

/**
 * Rules for `ACL SETUSER <name> …`: an admin, everything under the prefix and nothing else.
 *
 * @param {string} prefix
 * @param {string} password
 * @param {object} [options]
 * @param {string} [options.version] of the server
 * @returns {string[]}
 */
function adminRules(prefix, password, { version = '8.0' } = {}) {
  return rules(password, `~${prefix}*`, `&${prefix}*`,
    [...connectionCommands(version), ...SUBSCRIPTION, ...TRANSACTION, ...READ, ...WRITE]);
}

/**
 * Rules for a worker: it may read under the prefix and subscribe, and has no command that writes.
 * Servers before 7.0 have no read-only key pattern; there the missing commands alone protect.
 */
function workerRules(prefix, password, { version = '8.0' } = {}) {
  const keys = `${atLeast(version, 7) ? '%R~' : '~'}${prefix}*`;
  return rules(password, keys, `&${prefix}*`,
    [...connectionCommands(version), ...SUBSCRIPTION, ...TRANSACTION, ...READ]);
}

/** The same as a line of the server's configuration or ACL file. */
function userLine(name, rulesOfUser) {
  return `user ${name} ${rulesOfUser.join(' ')}`;
}

const adminLine = (prefix, password, { name = 'admin', ...options } = {}) =>
  userLine(name, adminRules(prefix, password, options));
const workerLine = (prefix, password, { name = 'worker', ...options } = {}) =>
  userLine(name, workerRules(prefix, password, options));

module.exports = { adminRules, workerRules, adminLine, workerLine, userLine };
