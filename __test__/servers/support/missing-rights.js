'use strict';

// The server users of docs/operations.md without one of their commands: what can be done without it is
// done, and the log names the rule to add, once. What nothing can be done without is named as well, and
// it goes on by itself when it is granted.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { findServer } = require('../../../scripts/valkey-server.js');
const { adminRules, sentinelLine, workerRules } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { deployOf, entry, listing, openAsUser } = require('./open-as-user.js');

/** They wait for the server's answers, and for the time between two looks, more than they work. */
const AT_ONCE = 10;
/** Nothing is mirrored or read without them. Of scripts, `EVALSHA` does when the server knows them. */
const ESSENTIAL = {
  admin: ['select', 'getrange', 'strlen', 'set', 'eval'],
  worker: ['select', 'multi', 'exec', 'getrange', 'strlen']
};
/** The same of a worker's keys. */
const ESSENTIAL_KEYS = ['flows', 'credentials', 'settings', 'revision'];
/** What an admin compares with, sooner or later after it has connected; until then it mirrors without. */
const FOR_COMPARING = ['multi', 'exec'];
/** Asked in a cluster (or with Sentinel) only. */
const OF_A_CLUSTER = ['role', 'cluster|slots'];
/** Asked while a slot is moved: see tests/cluster/open_slot.rs. */
const OF_AN_OPEN_SLOT = 'asking';
/** What an admin asks for only with a history and deploys that were replaced before: tests/roles has that. */
const OF_THE_HISTORY = { admin: ['hscan'], worker: [] };

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What a user lacks, and what the log must say of it. */
function lack(rules, rule) {
  assert.ok(rules.includes(rule), `${rule} is one of the rules`);
  // Which servers know rights to read alone is not told.
  const granting = escaped(rule.replace(/^%R/, ''));
  return { rules: rules.filter((other) => other !== rule), named: new RegExp(`add ${granting} to its rules`) };
}

/** Each rule that grants a command. */
const commandsOf = (rules) => rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1));

/** Each pattern of keys, without the prefix. */
const patternsOf = (rules) => rules.flatMap((rule) => /^(?:%R)?~(.*)$/.exec(rule)?.[1] ?? []);

/** The lines that name the rule: one a subject, none twice. */
function assertNamedOnce({ lines, shown }, named) {
  const naming = lines.filter((line) => named.test(line));
  assert.ok(naming.length > 0, `${named} in\n${shown()}`);
  assert.equal(new Set(naming).size, naming.length, shown());
}

let users = 0;

/**
 * A user without `rule`, or without the pattern that ends with `pattern`, who has a key prefix of its own, and how to
 * grant it after all.
 */
async function userWithout({ root, server, role, rule, pattern, connection }) {
  users += 1;
  const name = `${role}${users}`;
  const keyPrefix = `{rights${users}}:`;
  const make = role === 'admin' ? adminRules : workerRules;
  const all = make(keyPrefix, 'secret', { version: server.version });
  const { rules, named } = lack(all, rule || all.find((each) => each.endsWith(`~${keyPrefix}${pattern}`)));
  const give = (granted) => root.call('ACL', 'SETUSER', name, 'reset', ...granted);
  await give(rules);
  const valkey = { host: server.host, port: server.port, ...connection };
  const open = () => openAsUser(role, { username: name, password: 'secret', keyPrefix, ...valkey });
  return { keyPrefix, named, open, grant: () => give(all) };
}

/** What the admin has stored, as a worker reads it. */
const stored = (root, keyPrefix) => root.get(`${keyPrefix}flows`);

async function adminWithout(context) {
  const { root, rule } = context;
  const { keyPrefix, named, open, grant } = await userWithout({ ...context, role: 'admin' });
  const admin = open();
  const { core, lines, shown, logged } = admin;
  const command = rule.slice(1);
  /** What is mirrored, once the right is granted where it is missed now. */
  const mirrored = async (task) => {
    const answer = await task();
    if (answer.done || !FOR_COMPARING.includes(command)) {
      return answer;
    }
    await logged(named);
    await grant();
    return until(async () => [await task()].find(({ done }) => done), { message: shown });
  };
  try {
    await core.open();
    const deployed = await mirrored(() => core.mirrorDeploy(...deployOf(1)));
    if (ESSENTIAL.admin.includes(command)) {
      assert.match(deployed.away, named, shown());
      assert.equal(await stored(root, keyPrefix), null);
      await logged(named);
      await grant();
      await until(async () => (await stored(root, keyPrefix))?.includes('n1'), { message: () => `deploy; ${shown()}` });
      assert.deepEqual(await core.mirrorDeploy(...deployOf(2)), { done: true });
      assertNamedOnce(admin, named);
      return;
    }
    assert.deepEqual(deployed, { done: true }, shown());
    assert.match(await stored(root, keyPrefix), /n1/);
    assert.equal((await mirrored(() => core.mirrorSessions('{"a":1}'))).done, true, shown());
    const problems = await useLibrary(core, keyPrefix, root);
    // Also after the lease was renewed, and for the next deploy.
    await new Promise((resolve) => {
      setTimeout(resolve, 3500);
    });
    assert.deepEqual(await mirrored(() => core.mirrorDeploy(...deployOf(2))), { done: true }, shown());
    lines.push(...problems.map((text) => `warn: ${text}`));
    assertNamedOnce(admin, named);
  } finally {
    await core.close();
  }
}

/** Saves and deletes entries of the library; gives what went wrong. */
async function useLibrary(core, keyPrefix, root) {
  const problems = new Set();
  const attempt = async (task) => {
    try {
      await task();
    } catch (error) {
      problems.add(error.message);
    }
  };
  await attempt(() =>
    core.background.reconcileLibrary(listing({ type: 'functions', path: 'a.js', entry: entry('a') }))
  );
  await attempt(() => core.mirrorLibraryEntry('functions', 'sub/b.js', entry('b')));
  await attempt(() =>
    core.background.reconcileLibrary(listing({ type: 'functions', path: 'a.js', entry: entry('a') }))
  );
  if (problems.size === 0) {
    assert.equal(await root.get(`${keyPrefix}library:functions:a.js`), entry('a'));
    assert.equal(await root.get(`${keyPrefix}library:functions:sub/b.js`), null);
  }
  return [...problems];
}

async function workerWithout(context) {
  const { root, rule, pattern, server } = context;
  const { keyPrefix, named, open, grant } = await userWithout({ ...context, role: 'worker' });
  const command = rule?.slice(1);
  const version = server.version;
  await root.call('ACL', 'SETUSER', `owner-${keyPrefix}`, 'reset', ...adminRules(keyPrefix, 'secret', { version }));
  const admin = openAsUser('admin', {
    host: server.host,
    port: server.port,
    username: `owner-${keyPrefix}`,
    password: 'secret',
    keyPrefix,
    ...context.connection
  });
  const worker = open();
  const { core, shown, logged, events } = worker;
  try {
    await admin.core.open();
    assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(1)), { done: true }, admin.shown());
    // Without an index, as an earlier module left it.
    await root.set(`${keyPrefix}library:functions:a.js`, entry('a'));
    const first = core.snapshot();
    if (ESSENTIAL.worker.includes(command) || ESSENTIAL_KEYS.includes(pattern)) {
      await logged(named);
      await grant();
    }
    const snapshot = await first;
    assert.match(snapshot.flows, /n1/);
    await core.applied(snapshot.id);
    const listed = await core.readLibraryEntry('functions', '');
    assert.equal(listed, command === 'scan' ? '[]' : '[{"fn":"a.js"}]', shown());
    await admin.core.background.reconcileLibrary(listing({ type: 'functions', path: 'a.js', entry: entry('a') }));
    assert.equal(await core.readLibraryEntry('functions', ''), '[{"fn":"a.js"}]', shown());
    assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(2)), { done: true });
    await until(() => events.includes('revision'), { deadline: 25_000, message: () => `revision 2; ${shown()}` });
    assert.match((await core.beginPending()).flows, /n2/);
    if (pattern === 'library:*') {
      await assert.rejects(core.readLibraryEntry('functions', 'a.js'), named);
    }
    assertNamedOnce(worker, named);
  } finally {
    await core.close();
    await admin.core.close();
  }
}

/** Runs `task` for each item, so many at a time. */
async function eachOf(items, atOnce, task) {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await task(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** The tests of all rights on a server of this flavour. */
function testMissingRights(flavour) {
  const withServer = (name, options, task) =>
    test(`${name}: ${flavour}`, { concurrency: AT_ONCE }, async (t) => {
      const found = await findServer({ flavour }).catch((error) => t.skip(error.message));
      if (!found) {
        return;
      }
      const server = await startServer({ flavour, ...(await options()) });
      try {
        const root = server.client();
        await task(t, server, root);
      } finally {
        await server.stop();
      }
    });

  for (const [role, without, make] of [
    ['admin', adminWithout, adminRules],
    ['worker', workerWithout, workerRules]
  ]) {
    withServer(
      `${role}: every command is missing once`,
      async () => ({}),
      async (t, server, root) => {
        const connection = { db: 5 };
        const inDb = server.client({ db: 5 });
        const commands = commandsOf(make('', '', { version: server.version }));
        const check = (command) =>
          t.test(command, () => without({ root: inDb, server, rule: `+${command}`, connection }));
        // First, while the server knows no script.
        if (commands.includes('eval')) {
          await check('eval');
        }
        const elsewhere = [...OF_A_CLUSTER, OF_AN_OPEN_SLOT, ...OF_THE_HISTORY[role], 'eval'];
        const others = commands.filter((command) => !elsewhere.includes(command));
        await eachOf(others, AT_ONCE, check);
        assert.equal(await root.ping(), 'PONG');
      }
    );
  }

  withServer(
    'worker: every pattern of keys is missing once',
    async () => ({}),
    async (t, server, root) => {
      const patterns = patternsOf(workerRules('', '', { version: server.version }));
      // The package list is read where Node-RED is.
      const others = patterns.filter((pattern) => pattern !== 'packages');
      await eachOf(others, AT_ONCE, (pattern) => t.test(pattern, () => workerWithout({ root, server, pattern })));
    }
  );

  const clusterNode = async () => ({
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', await freePort()]
  });
  // Redis 6 takes the port of the cluster's own connections from that of the server.
  if (flavour === 'valkey-9') {
    withServer('what is asked in a cluster is missing once', clusterNode, async (t, server, root) => {
      await root.cluster('ADDSLOTSRANGE', 0, 16383);
      await until(async () => (await root.cluster('INFO')).includes('cluster_state:ok'), { message: 'a cluster' });
      const connection = { host: undefined, port: undefined, cluster: [{ host: server.host, port: server.port }] };
      for (const [role, without] of [
        ['admin', adminWithout],
        ['worker', workerWithout]
      ]) {
        await eachOf(OF_A_CLUSTER, 2, (command) =>
          t.test(`${role}: ${command}`, () => without({ root, server, rule: `+${command}`, connection }))
        );
      }
    });
  }

  withServer(
    "the Sentinels' user: every command is missing once",
    async () => ({}),
    async (t, master) => {
      const sentinel = await startServer({
        flavour,
        lines: [`sentinel monitor mymaster ${master.host} ${master.port} 1`],
        args: ['--sentinel']
      });
      try {
        const root = sentinel.client({ enableReadyCheck: false });
        const [, , ...all] = sentinelLine('secret', { version: master.version }).split(' ');
        await eachOf(commandsOf(all), AT_ONCE, (command) =>
          t.test(command, async () => {
            const { rules, named } = lack(all, `+${command}`);
            const name = `user${command}`;
            await root.call('ACL', 'SETUSER', name, 'reset', ...rules);
            const worker = openAsUser('worker', {
              sentinels: [{ host: sentinel.host, port: sentinel.port }],
              name: 'mymaster',
              sentinelUsername: name,
              sentinelPassword: 'secret',
              username: undefined,
              password: undefined
            });
            try {
              await worker.logged(named);
              if (command === 'sentinel|get-master-addr-by-name') {
                await root.call('ACL', 'SETUSER', name, 'reset', ...all);
              }
              await worker.connected();
              assertNamedOnce(worker, named);
            } finally {
              await worker.core.close();
            }
          })
        );
      } finally {
        await sentinel.stop();
      }
    }
  );

  withServer(
    'a user without channels stores and reads all the same',
    async () => ({}),
    async (t, server, root) => {
      await root.call('ACL', 'SETUSER', 'nr', 'reset', 'on', '>pw', '~*', '+@all', 'resetchannels');
      const connection = {
        host: server.host,
        port: server.port,
        username: 'nr',
        password: 'pw',
        keyPrefix: 'nodered:'
      };
      const admin = openAsUser('admin', connection);
      const worker = openAsUser('worker', connection);
      try {
        await admin.core.open();
        assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(1)), { done: true });
        const snapshot = await worker.core.snapshot();
        await worker.core.applied(snapshot.id);
        assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(2)), { done: true });
        await until(() => worker.events.includes('revision'), { deadline: 25_000, message: () => worker.shown() });
        for (const { lines, shown } of [admin, worker]) {
          const told = lines.filter((line) => !/^info/.test(line));
          assert.equal(told.length, 1, shown());
          assert.match(told[0], /^warn: .*'nodered:flows:updated'.*add &nodered:\* to its rules; .* every 20 s/);
        }
        // Granted, deploys are announced again.
        await root.call('ACL', 'SETUSER', 'nr', '&nodered:*');
        await worker.logged(/^info: .*all channels are heard now/);
        await worker.core.applied((await worker.core.beginPending()).id);
        worker.events.length = 0;
        assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(3)), { done: true });
        const began = performance.now();
        await until(() => worker.events.includes('revision'), { message: () => worker.shown() });
        assert.ok(performance.now() - began < 5000, 'it is heard, not looked for');
      } finally {
        await admin.core.close();
        await worker.core.close();
      }
    }
  );
}

module.exports = { testMissingRights };
