'use strict';

// A server of another kind than the options say: it is named once, with what to set, however often it is tried
// again; and what the log says to set works.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { findServer } = require('../../scripts/valkey-server.js');
const { freePort } = require('../support/port.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { deployOf, openAsUser } = require('./support/open-as-user.js');

const FLAVOURS = ['valkey-9', 'redis-6'];
/** Attempts after which nothing more may have been said. */
const ATTEMPTS = 4;

/** The server users are no matter here. */
const open = (role, valkey) => openAsUser(role, { username: undefined, password: undefined, ...valkey });

/** What is said when `role` is opened with these options and has tried several times to reach `server`. */
async function complaints(role, valkey, server) {
  const root = server.client({ enableReadyCheck: false });
  const connections = async () => Number(/total_connections_received:(\d+)/.exec(await root.info('stats'))[1]);
  const { core, lines, shown } = open(role, valkey);
  try {
    const before = await connections();
    if (role === 'admin') {
      await core.open();
    }
    await until(async () => (await connections()) >= before + 2 * ATTEMPTS, { message: () => `attempts; ${shown()}` });
    return lines.filter((line) => /^(warn|error)/.test(line));
  } finally {
    await core.close();
    root.disconnect();
  }
}

function assertOne(lines, pattern) {
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], pattern);
}

/** Whether an admin with these options stores a deploy. */
async function assertWorks(valkey) {
  const { core, shown } = open('admin', valkey);
  try {
    await core.open();
    await until(async () => (await core.mirrorDeploy(...deployOf(1))).done, { message: () => `deploy; ${shown()}` });
  } finally {
    await core.close();
  }
}

for (const flavour of FLAVOURS) {
  const withFlavour = (name, task) =>
    test(`${name}: ${flavour}`, async (t) => {
      const found = await findServer({ flavour }).catch((error) => t.skip(error.message));
      if (!found) {
        return;
      }
      const servers = [];
      const start = async (options) => {
        const server = await startServer({ flavour, ...options });
        servers.push(server);
        return server;
      };
      try {
        await task(start);
      } finally {
        for (const server of servers.reverse()) {
          await server.stop();
        }
      }
    });
  const at = ({ host, port }) => ({ host, port });

  withFlavour('a Sentinel as host, and a server as Sentinel', async (start) => {
    const master = await start();
    const sentinel = await start({
      lines: [`sentinel monitor mymaster ${master.host} ${master.port} 1`],
      args: ['--sentinel']
    });
    for (const role of ['admin', 'worker']) {
      for (const protocol of [3, 2]) {
        assertOne(
          await complaints(role, { ...at(sentinel), protocol }, sentinel),
          /^error: .*option 'host' leads to a Sentinel, not to a Valkey server: use sentinels: \[\{ host: '127\.0\.0\.1', port: \d+ \}\] in its place, and name, /
        );
      }
      assertOne(
        await complaints(role, { sentinels: [at(master)], name: 'mymaster' }, master),
        /^error: .*option 'sentinels' names 127\.0\.0\.1:\d+, which is a server and no Sentinel/
      );
    }
    assertOne(
      await complaints('worker', { cluster: [at(sentinel)] }, sentinel),
      /^error: .*option 'cluster' names 127\.0\.0\.1:\d+, which does not know CLUSTER: of a Sentinel, use sentinels and name/
    );
    await assertWorks({ sentinels: [at(sentinel)], name: 'mymaster' });
  });

  withFlavour('a replica as host', async (start) => {
    const master = await start();
    const replica = await start({ lines: [`replicaof ${master.host} ${master.port}`] });
    await assertWorks(at(master));
    assertOne(
      await complaints('admin', at(replica), replica),
      /^error: .*option 'host' leads to a replica, where nothing can be written: use the address of its master, or sentinels or cluster/
    );
    // It can be read.
    const worker = open('worker', at(replica));
    try {
      assert.match((await worker.core.snapshot()).flows, /n1/);
      assertOne(
        worker.lines.filter((line) => /^(warn|error)/.test(line)),
        /^warn: .*is a replica: what is deployed comes later here/
      );
    } finally {
      await worker.core.close();
    }
  });

  withFlavour('a proxy without pub/sub', async (start) => {
    const server = await start({ lines: ['rename-command SUBSCRIBE ""'] });
    const worker = open('worker', at(server));
    const admin = open('admin', at(server));
    try {
      await admin.core.open();
      assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(1)), { done: true });
      await worker.core.applied((await worker.core.snapshot()).id);
      assert.deepEqual(await admin.core.mirrorDeploy(...deployOf(2)), { done: true });
      await until(() => worker.events.includes('revision'), { deadline: 25_000, message: worker.shown });
      assertOne(
        worker.lines.filter((line) => /^(warn|error)/.test(line)),
        /^warn: .*SUBSCRIBE failed: .*a proxy, .*connect to the Valkey server itself; nothing is announced here, .* every 20 s/
      );
    } finally {
      await worker.core.close();
      await admin.core.close();
    }
  });

  withFlavour('a single server as cluster', async (start) => {
    const server = await start();
    for (const role of ['admin', 'worker']) {
      assertOne(
        await complaints(role, { cluster: [at(server)] }, server),
        /^error: .*option 'cluster' names 127\.0\.0\.1:\d+, which is no node of a cluster: use host: '127\.0\.0\.1' and port: \d+ in its place/
      );
    }
  });

  // Redis 6 takes the port of the cluster's own connections from that of the server.
  if (flavour === 'valkey-9') {
    withFlavour('a node of a cluster as host', async (start) => {
      const node = await start({
        args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', await freePort()]
      });
      const root = node.client();
      await root.cluster('ADDSLOTSRANGE', 0, 16383);
      await until(async () => (await root.cluster('INFO')).includes('cluster_state:ok'), { message: 'a cluster' });
      for (const role of ['admin', 'worker']) {
        for (const protocol of [3, 2]) {
          assertOne(
            await complaints(role, { ...at(node), protocol }, node),
            /^error: .*option 'host' is not enough: this server is part of a cluster: use cluster: \[\{ host: '127\.0\.0\.1', port: \d+ \}\] in its place/
          );
        }
      }
      await assertWorks({ cluster: [at(node)] });
    });
  }
}
