'use strict';

// The environment of the examples: what it may say, that a slip is an error which names the variable, that no
// secret stays in it, and that what is documented and set is what is read. No Node-RED is started.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tls = require('node:tls');
const { before, test } = require('node:test');

const { tempDir } = require('../../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const EXAMPLES = path.join(ROOT, 'examples');
const SETTINGS = ['admin', 'common', 'environment', 'valkey', 'worker'];
const SECRETS = [
  'ADMIN_PASSWORD_HASH',
  'CREDENTIAL_SECRET',
  'REDIS_KEY_PASSPHRASE',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_STATE_PASSWORD'
];

const read = (...names) => fs.readFileSync(path.join(EXAMPLES, ...names), 'utf8');
let modules;
let folder;

before(() => {
  // Where the image has it.
  modules = tempDir('modules');
  fs.symlinkSync(ROOT, path.join(modules, 'node-red-storage-valkey'), 'junction');
  folder = tempDir('files');
});

/** A file with this content. */
function file(name, content) {
  const whole = path.join(folder, name);
  fs.writeFileSync(whole, content);
  return whole;
}

/** Loads the settings of a role with nothing but this environment, and gives what the program prints, as JSON. */
function load(role, env, program) {
  const source = `
    const settings = require(${JSON.stringify(path.join(EXAMPLES, 'settings', `${role}.js`))});
    const { checkOptions } = require(${JSON.stringify(path.join(ROOT, 'lib', 'binding', 'core.js'))});
    const { optionsAsText } = require(${JSON.stringify(path.join(ROOT, 'lib', 'options'))});
    console.log(JSON.stringify(${program}));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', source], {
    env: { PATH: process.env.PATH, NODE_PATH: modules, ...env },
    encoding: 'utf8'
  });
  return { status, stderr, result: status === 0 ? JSON.parse(stdout) : undefined };
}

const NOTICES = "checkOptions(optionsAsText(settings.valkey).text).notices.filter(({ level }) => level === 'warn')";

function refusedFor(role, env, pattern) {
  const { status, stderr } = load(role, env, '0');
  assert.equal(status, 1, JSON.stringify(env));
  assert.match(stderr, pattern);
}

test('every kind of address, and TLS, give options that are accepted', () => {
  const ca = file('ca.pem', tls.rootCertificates[0]);
  const everything = {
    REDIS_USERNAME: 'u',
    REDIS_PASSWORD: 'p',
    REDIS_DB: '0',
    KEY_PREFIX: 'x:',
    COMPRESSION: 'true',
    CONNECTION_NAME: 'a',
    HEALTH_PORT: '9080',
    HEALTH_MAX_AGE: '60',
    SESSION_TTL: '60',
    RELOAD: 'flows',
    WAIT_REPLICAS: '1',
    SHARE_CREDENTIAL_SECRET: 'false',
    SYNC_PACKAGES: 'false',
    PACKAGE_SYNC_TIMEOUT: '1000',
    PACKAGE_UPGRADE: 'live',
    PACKAGE_INSTALL_SCRIPTS: 'false'
  };
  const empty = Object.fromEntries([...namesThatAreRead()].map((name) => [name, '']));
  for (const address of [
    {},
    { REDIS_HOST: 'h', REDIS_PORT: '1', REDIS_TLS: 'true', REDIS_SERVERNAME: 'other' },
    {
      REDIS_SENTINELS: 'a:1, b:2',
      REDIS_SENTINEL_USERNAME: 'watcher',
      REDIS_SENTINEL_PASSWORD: 's',
      REDIS_TLS: 'true',
      REDIS_CA_FILE: ca
    },
    { REDIS_CLUSTER: 'a:1,b:2', REDIS_TLS: 'true', REDIS_CA_FILE: ca }
  ]) {
    for (const env of [address, { ...everything, ...address }, { ...empty, ...address }]) {
      for (const role of ['admin', 'worker']) {
        const { stderr, result } = load(role, env, NOTICES);
        assert.deepEqual(result, [], `${role} ${JSON.stringify(env)}: ${stderr}`);
      }
    }
  }
});

test('what is given becomes the option, and what is not is left to the module', () => {
  const plain = load('worker', { CONNECTION_NAME: 'w' }, 'settings.valkey').result;
  assert.deepEqual(plain, { role: 'worker', host: 'localhost', port: 6379, connectionName: 'w', health: false });
  const sentinel = { REDIS_SENTINELS: 'a:1', REDIS_SENTINEL_USERNAME: 'u', REDIS_SENTINEL_PASSWORD: 'p' };
  const { sentinelUsername, sentinelPassword } = load('worker', sentinel, 'settings.valkey').result;
  assert.deepEqual([sentinelUsername, sentinelPassword], ['u', 'p']);
  assert.match(load('admin', {}, 'settings.valkey').result.connectionName, /^admin-./);
});

test('only true and false count: anything else is an error that names the variable', () => {
  for (const name of [
    'REDIS_TLS',
    'COMPRESSION',
    'SYNC_PACKAGES',
    'SHARE_CREDENTIAL_SECRET',
    'PACKAGE_INSTALL_SCRIPTS'
  ]) {
    for (const value of ['1', 'TRUE', 'True', 'yes', 'on', '0', 'no', ' true']) {
      refusedFor('worker', { [name]: value }, new RegExp(`environment variable ${name} is '${value}': only true and`));
    }
  }
  refusedFor('admin', { PROJECTS: 'yes' }, /environment variable PROJECTS is 'yes'/);
});

test('what would be passed over in silence is an error that names the variable', () => {
  const ca = file('some.pem', tls.rootCertificates[0]);
  const nothing = file('nothing', '\n');
  for (const [env, pattern] of [
    [{ REDIS_CA_FILE: ca }, /REDIS_CA_FILE is set, but REDIS_TLS is not true: .* plain text/],
    [{ REDIS_TLS: 'false', REDIS_CERT_FILE: ca }, /REDIS_CERT_FILE is set, but REDIS_TLS is not true/],
    [{ REDIS_TLS: 'true', REDIS_CA_FILE: '/nowhere/ca.pem' }, /REDIS_CA_FILE names a file that can't be read: ENOENT/],
    [{ REDIS_PORT: 'tcp://10.0.0.1:6379' }, /REDIS_PORT is 'tcp:.*': it must be a whole number/],
    [{ PORT: 'http' }, /PORT is 'http'/],
    [{ HEALTH_PORT: 'yes' }, /HEALTH_PORT is 'yes'/],
    [{ LOG_LEVEL: 'verbose' }, /LOG_LEVEL is 'verbose': it must be one of fatal, /],
    [{ RELOAD: 'node' }, /RELOAD is 'node'/],
    [{ PACKAGE_UPGRADE: 'now' }, /PACKAGE_UPGRADE is 'now'/],
    [{ REDIS_SENTINELS: ',' }, /REDIS_SENTINELS is ','/],
    [{ REDIS_SENTINELS: 'a:1', REDIS_CLUSTER: 'b:2' }, /REDIS_SENTINELS and REDIS_CLUSTER are both set/],
    [{ REDIS_PASSWORD: 'a', REDIS_PASSWORD_FILE: ca }, /REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set/],
    [{ ADMIN_PASSWORD_HASH_FILE: nothing }, /ADMIN_PASSWORD_HASH_FILE names a file with nothing in it/],
    [{ ADMIN_USERNAME: 'ada' }, /ADMIN_USERNAME is set without ADMIN_PASSWORD_HASH/]
  ]) {
    refusedFor('admin', env, pattern);
  }
});

test('no error shows a secret', () => {
  const { stderr } = load('admin', { REDIS_PASSWORD: 'hidden-1', REDIS_PASSWORD_FILE: file('s', 'hidden-2') }, '0');
  assert.doesNotMatch(stderr, /hidden/);
});

test('secrets reach the options, and are no longer in the environment that flows can ask', () => {
  const env = {
    REDIS_SENTINELS: 'a:1',
    REDIS_PASSWORD: 'secret-1',
    REDIS_SENTINEL_PASSWORD_FILE: file('sentinel', 'secret-2\n'),
    CREDENTIAL_SECRET: 'secret-3',
    ADMIN_PASSWORD_HASH: 'secret-4',
    REDIS_KEY_PASSPHRASE: 'secret-5'
  };
  const program = '[settings.valkey, settings.credentialSecret, settings.adminAuth, process.env]';
  for (const role of ['admin', 'worker']) {
    const [valkey, credentialSecret, adminAuth, left] = load(role, env, program).result;
    assert.deepEqual(
      [valkey.password, valkey.sentinelPassword, credentialSecret, adminAuth?.users[0].password],
      ['secret-1', 'secret-2', 'secret-3', role === 'admin' ? 'secret-4' : undefined]
    );
    assert.doesNotMatch(JSON.stringify(left), /secret-|_FILE/);
  }
});

/** The names of environment variables that the settings and the health check read. */
function namesThatAreRead() {
  const found = new Set(SECRETS);
  const sources = [...SETTINGS.map((name) => read('settings', `${name}.js`)), read('docker', 'probe.js')];
  for (const source of sources) {
    for (const [, name] of source.matchAll(
      /(?:process\.env\.|\b(?:text|flag|whole|oneOf|list|contents)\(')([A-Z_]+)/g
    )) {
      found.add(name);
    }
  }
  return found;
}

test('the context is shared when it is asked for, by a user of its own', () => {
  const env = { CONTEXT: 'shared', REDIS_STATE_USERNAME: 'state', REDIS_STATE_PASSWORD: 'secret-state' };
  const program = `[${NOTICES}, Object.keys(settings.contextStorage ?? {}),
    typeof settings.functionGlobalContext?.shared.incr, settings.valkey.state]`;
  const { result, stderr } = load('worker', env, program);
  assert.deepEqual(
    result,
    [[], ['default', 'memory'], 'function', { username: 'state', password: 'secret-state' }],
    stderr
  );
  assert.deepEqual(load('worker', {}, program).result, [[], [], 'undefined', null]);
  refusedFor('worker', { CONTEXT: 'redis' }, /environment variable CONTEXT is 'redis'/);
  refusedFor('worker', { REDIS_STATE_PASSWORD: 'secret' }, /REDIS_STATE_PASSWORD is set without REDIS_STATE_USERNAME/);
});

test('the secrets are those of the source', () => {
  assert.deepEqual(
    fs.readdirSync(path.join(EXAMPLES, 'settings')).sort(),
    SETTINGS.map((name) => `${name}.js`)
  );
  const [, names] = /const SECRETS = \[([^\]]+)\]/.exec(read('settings', 'environment.js'));
  assert.deepEqual([...names.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort(), SECRETS);
});

test('the environment that is documented and set is the one that is read', () => {
  const names = namesThatAreRead();
  const [, section] = read('README.md').split('\n## The environment\n');
  const documented = section
    .split('\n')
    .filter((row) => row.startsWith('| `'))
    .flatMap((row) => [...row.split(' | ', 1)[0].matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name));
  assert.deepEqual(documented.sort(), [...names].sort());
  const known = new Set([...names, ...SECRETS.map((name) => `${name}_FILE`), 'SENTINEL_CONF', 'SERVER_CONF', 'PLACE']);
  const templates = 'helm/node-red-valkey/templates';
  for (const name of [
    'docker/compose.yaml',
    'swarm/stack.yaml',
    'sentinel/compose.yaml',
    'kubernetes/config.yaml',
    `${templates}/config.yaml`
  ]) {
    for (const [, set] of read(name).matchAll(/^ +([A-Z][A-Z_]+):/gm)) {
      assert.ok(known.has(set), `${name}: nobody reads ${set}`);
    }
  }
  for (const name of ['kubernetes/admin.yaml', 'kubernetes/worker.yaml', `${templates}/_node-red.tpl`]) {
    for (const [, set] of read(name).matchAll(/- name: ([A-Z][A-Z_]+)$/gm)) {
      assert.ok(known.has(set), `${name}: nobody reads ${set}`);
    }
  }
});
