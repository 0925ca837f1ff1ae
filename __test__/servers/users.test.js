'use strict';

// The server users of docs/operations.md: its lines are those of support/acl.js, with these rights an admin
// and a worker do everything that they do, and there is no right that neither of them needs.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { findServer } = require('../../scripts/valkey-server.js');
const { adminLine, adminRules, sentinelLine, stateLine, workerLine, workerRules } = require('../support/acl.js');
const { freePort } = require('../support/port.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { deployOf, entry, listing, openAsUser } = require('./support/open-as-user.js');

const PREFIX = '{users}:';
const FLAVOURS = ['valkey-9', 'valkey-8', 'redis-7', 'redis-6'];

test('the documents have the lines that the tests use', () => {
  const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith('Server users'));
  const lines = section.split('\n').filter((line) => line.startsWith('user '));
  assert.deepEqual(lines, [
    adminLine('nodered:', 'secret'),
    workerLine('nodered:', 'secret'),
    stateLine('nodered:', 'secret'),
    sentinelLine('secret')
  ]);
  // What one with an editor has besides is told in the text.
  const more = workerRules('nodered:', '', { editor: true }).filter(
    (rule) => !workerRules('nodered:', '').includes(rule)
  );
  assert.equal(more.length, 1);
  assert.ok(section.includes(`\`${more[0]}\``), more[0]);
});

test('the user of the context store has rights for its keys and for no others', async (t) => {
  const text = fs.readFileSync(path.join(__dirname, '..', '..', 'docs', 'migration.md'), 'utf8');
  const [line] = /^user context .*$/m.exec(text);
  const found = await findServer({ flavour: 'valkey-9' }).catch((error) => t.skip(error.message));
  if (!found) {
    return;
  }
  const server = await startServer({ flavour: 'valkey-9', users: [line, 'user default on nopass ~* &* +@all'] });
  try {
    const root = server.client();
    // As that store does: ioredis itself has the prefix, and each key begins with it, too.
    for (const keyPrefix of ['', 'nodered:']) {
      const store = server.client({ username: 'context', password: 'secret', keyPrefix });
      const script = "return redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) .. '1')";
      assert.equal(await store.ping(), 'PONG');
      await store.script('LOAD', script);
      await store.set('nodered:context:global:a', '1');
      await store.eval(script, 1, 'nodered:context:global:a');
      assert.equal(await store.get('nodered:context:global:a'), '11');
      assert.equal((await store.keys('nodered:context:*')).length, 1);
    }
    assert.deepEqual(await root.call('ACL', 'LOG'), []);
    const store = server.client({ username: 'context', password: 'secret' });
    for (const key of ['flows', 'sessions', 'settings']) {
      await assert.rejects(store.get(`nodered:${key}`), /NOPERM/);
      await assert.rejects(store.set(`nodered:${key}`, 'x'), /NOPERM/);
    }
    assert.equal(await store.del('nodered:context:global:a'), 1);
  } finally {
    await server.stop();
  }
});

const open = (role, connection) => openAsUser(role, { keyPrefix: PREFIX, ...connection });

/** What an admin and a worker ask for in their lives, with what was there before them. */
async function live(connection, root) {
  // Left by an earlier module: a library without an index, flows without a record.
  await root.set(`${PREFIX}library:functions:old.js`, entry('old'));
  await root.set(`${PREFIX}flows`, '[{"id":"old","type":"tab"}]');
  await root.set(`${PREFIX}credentials`, '{}');
  await root.rpush(`${PREFIX}lease`, 'not a lease');

  const worker = open('worker', connection);
  await worker.connected();
  assert.equal(await worker.core.readLibraryEntry('functions', ''), '[{"fn":"old.js"}]');

  const admin = open('admin', connection);
  await admin.core.open();
  await admin.connected();
  await admin.core.readForRestore(3000);
  await admin.core.mirrorSettings('{"nodes":{}}');
  await until(() => admin.events.includes('library'), { message: () => `event; ${admin.lines.join('\n')}` });
  await admin.core.background.reconcileLibrary(listing());
  assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(1)), { done: true });
  assert.equal((await admin.core.mirrorSessions('{"a":1}')).done, true);
  await admin.core.readSessions(3000);
  assert.equal((await admin.core.mirrorLibraryEntry('functions', 'sub/new.js', entry('new'))).done, true);
  // Deleted on disk since.
  await admin.core.background.reconcileLibrary(listing({ type: 'functions', path: 'old.js', entry: entry('old') }));

  assert.equal(JSON.parse(await worker.core.readSettings())._credentialSecret, 's');
  const editor = open('worker', { ...connection, username: 'editor' });
  await editor.connected();
  assert.equal(await editor.core.readSessions(), '{"a":1}');
  const snapshot = await worker.core.snapshot();
  await worker.core.applied(snapshot.id);
  assert.equal(await worker.core.readLibraryEntry('functions', 'old.js'), '"old"');
  assert.equal(await worker.core.readLibraryEntry('functions', ''), '[{"fn":"old.js"}]');
  assert.equal((await admin.core.mirrorDeploy(...deployOf(2))).done, true);
  const began = performance.now();
  await until(() => worker.events.includes('revision'), { message: () => `announcement; ${worker.lines.join('\n')}` });
  assert.ok(performance.now() - began < 5000, 'it is heard, not looked for');
  assert.match((await worker.core.beginPending()).flows, /"n2"/);
  // A lease is renewed, and both connections are asked for a sign of life.
  await until(async () => (await root.info('commandstats')).match(/cmdstat_ping:calls=(\d+)/)?.[1] > 6, {
    message: 'heartbeats'
  });
  for (const { core, lines } of [worker, editor, admin]) {
    await core.close();
    const wrong = lines.filter((line) => /^error: /.test(line) && !/disk never had/.test(line));
    assert.deepEqual(wrong, [], lines.join('\n'));
  }
}

/** The commands that others than `root` give, scripts included. */
async function watch(root) {
  const own = (await root.client('INFO')).match(/ addr=(\S+)/)[1];
  const seen = new Set();
  const monitor = await root.monitor();
  // It must not look for the server for ever when the test has failed.
  monitor.options.retryStrategy = () => null;
  monitor.on('error', () => {});
  monitor.on('monitor', (_time, args, source) => {
    if (source !== own) {
      const [name, sub] = args.map((arg) => arg.toLowerCase());
      seen.add(['client', 'cluster', 'script', 'acl', 'config'].includes(name) ? `${name}|${sub}` : name);
    }
  });
  return { seen, stop: () => monitor.disconnect() };
}

function users(version) {
  return [
    adminLine(PREFIX, 'admin-secret', { version }),
    workerLine(PREFIX, 'worker-secret', { version }),
    workerLine(PREFIX, 'worker-secret', { version, name: 'editor', editor: true }),
    'user default on nopass ~* &* +@all'
  ];
}

for (const flavour of FLAVOURS) {
  test(`the rights suffice on ${flavour}`, async (t) => {
    const found = await findServer({ flavour }).catch((error) => t.skip(error.message));
    if (!found) {
      return;
    }
    const server = await startServer({ flavour, users: users(found.version) });
    try {
      const root = server.client({ db: 5 });
      await root.call('ACL', 'LOG', 'RESET');
      await live({ host: server.host, port: server.port, db: 5 }, root);
      assert.deepEqual(await root.call('ACL', 'LOG'), []);
    } finally {
      await server.stop();
    }
  });
}

test('there is no right that is not needed', async (t) => {
  const found = await findServer({ flavour: 'valkey-9' }).catch((error) => t.skip(error.message));
  if (!found) {
    return;
  }
  const seen = new Set();
  const standalone = await startServer({ flavour: 'valkey-9', users: users(found.version) });
  const node = await startServer({
    flavour: 'valkey-9',
    users: users(found.version),
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', await freePort()]
  });
  try {
    const own = standalone.client({ db: 5 });
    const first = await watch(own);
    await live({ host: standalone.host, port: standalone.port, db: 5 }, own);
    first.stop();

    const root = node.client();
    await root.cluster('ADDSLOTSRANGE', 0, 16383);
    await until(async () => (await root.cluster('INFO')).includes('cluster_state:ok'), {
      message: 'a working cluster'
    });
    await root.call('ACL', 'LOG', 'RESET');
    const second = await watch(root);
    await live({ cluster: [{ host: node.host, port: node.port }] }, root);
    second.stop();
    assert.deepEqual(await root.call('ACL', 'LOG'), []);

    for (const name of [...first.seen, ...second.seen]) {
      seen.add(name);
    }
  } finally {
    await standalone.stop();
    await node.stop();
  }
  // Not shown by MONITOR, and not to be granted either: everybody may.
  seen.delete('hello');
  seen.delete('auth');
  // Only while a slot is moved: see tests/cluster/open_slot.rs.
  seen.add('asking');
  const granted = new Set(
    [...adminRules('', ''), ...workerRules('', '')].filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1))
  );
  assert.deepEqual([...seen].sort(), [...granted].sort());
});

for (const flavour of FLAVOURS) {
  test(`the rights of the Sentinels' user suffice on ${flavour}`, async (t) => {
    const found = await findServer({ flavour }).catch((error) => t.skip(error.message));
    if (!found) {
      return;
    }
    const { version } = found;
    const master = await startServer({ flavour, users: users(version) });
    const sentinel = await startServer({
      flavour,
      users: [sentinelLine('secret', { version })],
      lines: [`sentinel monitor mymaster ${master.host} ${master.port} 1`],
      args: ['--sentinel']
    });
    const worker = open('worker', {
      sentinels: [{ host: sentinel.host, port: sentinel.port }],
      name: 'mymaster',
      sentinelUsername: 'sentinel',
      sentinelPassword: 'secret'
    });
    try {
      const root = sentinel.client({ enableReadyCheck: false });
      await worker.connected();
      await until(
        async () => (await root.client('LIST')).split('\n').some((line) => / sub=1 .*user=sentinel/.test(line)),
        { message: 'somebody who listens' }
      );
      assert.deepEqual(await root.call('ACL', 'LOG'), []);
    } finally {
      await worker.core.close();
      await sentinel.stop();
      await master.stop();
    }
  });
}
