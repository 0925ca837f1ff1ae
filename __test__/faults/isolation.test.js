'use strict';

// Two clusters with different prefixes on one server, watched by MONITOR; and the least rights.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { SECRETS } = require('./support/secrets.js');
const { adminLine, stateLine, workerLine } = require('../support/acl.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

// One prefix begins with the other, and one is a pattern that would match the other.
const PREFIXES = ['plant:', 'plant:a:', 'pl*nt:'];
/** Commands whose arguments are no keys and no channels. */
const KEYLESS = new Set([
  'hello',
  'auth',
  'ping',
  'select',
  'role',
  'info',
  'client',
  'multi',
  'exec',
  'discard',
  'script',
  'wait'
]);

const argumentsOf = (line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text);

/** The keys and channels that a command names. */
function namesIn([command, ...args]) {
  const name = command.toLowerCase();
  if (KEYLESS.has(name)) {
    return [];
  }
  if (name === 'evalsha' || name === 'eval') {
    // The channel of the announcement is an argument of the script.
    return [...args.slice(2, 2 + Number(args[1])), ...args.filter((arg) => /updated$/.test(arg))];
  }
  if (name === 'scan') {
    return [args[args.findIndex((arg) => arg.toLowerCase() === 'match') + 1]];
  }
  if (['mget', 'del', 'exists', 'subscribe', 'unsubscribe'].includes(name)) {
    return args;
  }
  return [args[0]];
}

const unescaped = (name) => name.replace(/\\\\/g, '\\').replace(/\\([*?[\]\\])/g, '$1');

test('clusters on one server name no key and no channel of each other', { timeout: 60_000 }, async (t) => {
  const users = PREFIXES.flatMap((prefix, i) => [
    adminLine(prefix.replace('*', '\\*'), SECRETS.admin, { name: `admin${i}` }),
    workerLine(prefix.replace('*', '\\*'), SECRETS.worker, { name: `worker${i}` }),
    stateLine(prefix.replace('*', '\\*'), SECRETS.state, { name: `state${i}` })
  ]);
  const server = await startServer({ users: [...users, 'user default on nopass ~* &* +@all'] });
  const client = server.client();
  const monitor = await server.monitor();
  const seen = [];
  monitor.on('monitor', (_time, args, source) => seen.push({ args, source }));
  const addresses = new Map();
  const clusters = [];
  try {
    for (const [i, keyPrefix] of PREFIXES.entries()) {
      const open = (role, more) =>
        openInstance({
          role,
          server,
          valkey: {
            keyPrefix,
            username: `${role}${i}`,
            password: SECRETS[role],
            state: { username: `state${i}`, password: SECRETS.state },
            enableCompression: i === 1
          },
          ...more
        });
      clusters.push({ keyPrefix, admin: await open('admin'), worker: await open('worker', { wait: false }) });
    }
    for (const [i, { admin, worker }] of clusters.entries()) {
      await admin.deploy(i + 1, { padding: 'x'.repeat(5000) });
      await admin.storage.saveLibraryEntry('functions', 'a/entry.js', { name: 'n' }, `of ${i}`);
      await admin.storage.saveSessions({ [`of ${i}`]: { user: 'u' } });
      await until(() => worker.version === i + 1, { message: 'the deploy' });
      assert.equal(await worker.storage.getLibraryEntry('functions', 'a/entry.js'), `of ${i}`);
      assert.deepEqual(await worker.storage.getLibraryEntry('functions', ''), ['a']);
    }
    // Deploys of one run at no other.
    for (let version = 100; version < 120; version += 1) {
      await clusters[version % 3].admin.deploy(version);
    }
    await until(() => clusters.every(({ worker }) => worker.version >= 117), { message: 'the last deploys' });
    assert.deepEqual(
      clusters.map(({ worker }) => worker.version % 3),
      [0, 1, 2]
    );
    for (const line of String(await client.client('LIST')).split('\n')) {
      const [, address] = / addr=(\S+)/.exec(line) || [];
      addresses.set(address, / user=(\S+)/.exec(line)?.[1]);
    }
    let checked = 0;
    for (const { args, source } of seen) {
      const user = /^(?:admin|worker|state)(\d)$/.exec(addresses.get(source) || '');
      if (!user) {
        continue; // inside a script, or the test's own
      }
      for (const name of namesIn(args)) {
        checked += 1;
        assert.ok(
          unescaped(name).startsWith(PREFIXES[user[1]]),
          `${addresses.get(source)} named ${name} in ${args[0]}`
        );
        const rest = unescaped(name).slice(PREFIXES[user[1]].length);
        assert.doesNotMatch(rest, /^a:/, `${name} is of another cluster`);
      }
    }
    t.diagnostic(`${seen.length} commands, ${checked} names checked`);
    assert.ok(checked > 100);
    for (const key of await client.keys('*')) {
      assert.ok(
        PREFIXES.some((prefix) => key.startsWith(prefix)),
        key
      );
    }
    assert.deepEqual(await client.acl('LOG'), [], 'nobody was refused anything');
  } finally {
    await Promise.all(clusters.flatMap(({ admin, worker }) => [admin.close(), worker.close()]));
    monitor.disconnect();
    await server.stop();
  }
});

/** The lines for the server's configuration that docs/operations.md gives to operators. */
function documentedUsers() {
  const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  return ['admin', 'worker', 'state'].map((role) =>
    new RegExp(`^user ${role} .*$`, 'm').exec(text)[0].replace('>secret', `>${SECRETS[role]}`)
  );
}

test('the documented users have rights enough for everything', { timeout: 60_000 }, async (t) => {
  const users = documentedUsers();
  const server = await startServer({ users: [...users, 'user default on nopass ~* &* +@all'] }).catch((error) => error);
  if (server instanceof Error) {
    // The document says how these lines differ before 7.2.
    t.skip('this server does not know all of these rules');
    return;
  }
  const client = server.client();
  const userOf = (role) => ({ username: role, password: SECRETS[role] });
  const open = (role, more) =>
    openInstance({ role, server, valkey: { ...userOf(role), state: userOf('state') }, ...more });
  const admin = await open('admin');
  const worker = await open('worker', { wait: false });
  try {
    await admin.deploy(1);
    await admin.storage.saveLibraryEntry('functions', 'a/entry.js', { name: 'n' }, 'body');
    await admin.storage.saveSessions({ one: { user: 'u' } });
    await until(() => worker.version === 1);
    assert.equal(await worker.storage.getLibraryEntry('functions', 'a/entry.js'), 'body');
    // What was lost is mirrored again, and what is foreign is kept.
    await client.flushall();
    await until(() => client.get('nodered:flows'), { message: 'the deploy again' });
    await client.set('nodered:flows', '[]');
    await client.del('nodered:revision');
    await until(async () => (await client.keys('nodered:backup:*')).length > 0, { message: 'the backup' });
    await admin.deploy(2);
    await until(() => worker.version === 2);
    // By restarts, what is asked for only then.
    await Promise.all([admin.close(), worker.close()]);
    const again = [await open('admin', { userDir: admin.userDir }), await open('worker', { userDir: worker.userDir })];
    assert.deepEqual(
      again.map(({ version }) => version),
      [2, 2]
    );
    await Promise.all(again.map((instance) => instance.close()));
    assert.deepEqual(await client.acl('LOG'), [], 'nobody was refused anything');
  } finally {
    await server.stop();
  }
});

// Kept apart from what the module does: the parser of this test tells names from other arguments.
test('names are found in commands', () => {
  assert.deepEqual(namesIn(argumentsOf('1 [0 a] "GET" "n:flows"')), ['n:flows']);
  assert.deepEqual(namesIn(['EVALSHA', 'hash', '2', 'a', 'b', 'x', 'n:flows:updated']), ['a', 'b', 'n:flows:updated']);
  assert.deepEqual(namesIn(['SCAN', '0', 'MATCH', 'n:library:*', 'COUNT', '5']), ['n:library:*']);
  assert.deepEqual(namesIn(['PING']), []);
});
