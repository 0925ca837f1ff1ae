'use strict';

// Every way in: standalone, Sentinel and Cluster, each without log-in, with a password and as a
// user with the least rights, each in plain text, over TLS and over mutual TLS, each in database 0
// and, where it exists, 5. In each, what an admin deploys reaches a worker.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, describe, test } = require('node:test');

const { openCore } = require('../../lib/binding/core');
const { optionsAsText } = require('../../lib/options');
const { findServer } = require('../../scripts/valkey-server.js');
const { adminLine, workerLine } = require('../support/acl.js');
const { Certificates } = require('../support/certificates.js');
const { createLogLines } = require('../support/log-lines.js');
const { startCluster } = require('../support/valkey-cluster.js');
const { startWatched } = require('../support/sentinel.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

// The only prebuilt server that has TLS in it.
const TLS_FLAVOUR = 'redis-7';
// One slot in a cluster, and one rule for all cells.
const PREFIX = '{ways}';
const PASSWORD = 'server-secret';

let cells = 0;
let certificates;

before(() => {
  const made = new Certificates();
  const authority = made.authority();
  certificates = { authority, server: made.server(authority), client: made.client(authority) };
});

const read = (file) => fs.readFileSync(file, 'utf8');

/** What each topology is started with, and how it is locked and reached. */
const TOPOLOGIES = {
  async standalone({ mutual, ...options }) {
    const lines = options.tls ? [`tls-auth-clients ${mutual ? 'yes' : 'no'}`] : [];
    const server = await startServer({ ...options, lines });
    return {
      connection: { host: server.host, port: server.tlsPort || server.port },
      tls: (tls) => ({ tls }),
      lock: () => server.client().config('SET', 'requirepass', PASSWORD),
      stop: () => server.stop()
    };
  },
  async Sentinel(options) {
    const watched = await startWatched({ ...options, open: true });
    const { password, ...connection } = watched.connection();
    assert.equal(password, undefined);
    return {
      connection,
      tls: (tls) => ({ tls, enableTLSForSentinelMode: true, sentinelTLS: tls }),
      lock: () => watched.lock(),
      stop: () => watched.stop()
    };
  },
  async Cluster(options) {
    const cluster = await startCluster(options);
    return {
      connection: cluster.connection(),
      tls: (tls) => ({ tls }),
      lock: () => cluster.lock(PASSWORD),
      stop: () => cluster.stop()
    };
  }
};

const SECURITIES = {
  'plain text': () => undefined,
  TLS: () => ({ ca: read(certificates.authority.cert) }),
  'mutual TLS': () => ({
    ca: read(certificates.authority.cert),
    cert: read(certificates.client.cert),
    key: read(certificates.client.key)
  })
};

function open(name, valkey, onEvent = () => {}) {
  const { lines, log } = createLogLines();
  const core = openCore(name, { options: optionsAsText(valkey), userDir: undefined, log, onEvent });
  return { core, lines };
}

/** An admin and a worker with these options: what is deployed arrives, twice. */
async function deployReachesWorker(options, logIns) {
  cells += 1;
  const keyPrefix = `${PREFIX}${cells}:`;
  const admin = open('Admin', { role: 'admin', keyPrefix, ...options, ...logIns.admin });
  await admin.core.open();
  let news = 0;
  const worker = open('Worker', { role: 'worker', keyPrefix, ...options, ...logIns.worker }, () => {
    news += 1;
  });
  const said = () => [...admin.lines, ...worker.lines].join('\n');
  try {
    await admin.core.mirrorSettings('{}');
    const flows = (text) => JSON.stringify([{ id: 'tab', type: 'tab', label: text }]);
    await until(async () => (await admin.core.mirrorDeploy(flows('first'), '{}')).done, {
      message: () => `deploy\n${said()}`
    });
    const snapshot = await worker.core.snapshot();
    assert.equal(snapshot.flows, flows('first'));
    await worker.core.applied(snapshot.id);
    assert.deepEqual(await admin.core.mirrorDeploy(flows('second'), '{}'), { done: true });
    await until(async () => news > 0 && (await worker.core.beginPending())?.flows === flows('second'), {
      message: () => `news at the worker\n${said()}`
    });
    assert.ok(!/^(warn|error)/m.test(said()), said());
  } finally {
    await worker.core.close();
    await admin.core.close();
  }
}

for (const [topology, start] of Object.entries(TOPOLOGIES)) {
  for (const [security, tlsOptions] of Object.entries(SECURITIES)) {
    describe(`${topology}, ${security}`, () => {
      const secured = security !== 'plain text';
      let servers;
      let options;

      before(async () => {
        const flavour = secured ? TLS_FLAVOUR : undefined;
        const { version } = await findServer({ flavour, preferValkey: true });
        const tls = secured ? { ...certificates.server, clients: certificates.authority.cert } : undefined;
        // Each cell has a prefix of its own.
        const users = [adminLine(PREFIX, 'a-secret', { version }), workerLine(`${PREFIX}*:`, 'w-secret', { version })];
        servers = await start({ flavour, tls, users, mutual: security === 'mutual TLS' });
        options = { ...servers.connection, ...(secured ? servers.tls(tlsOptions()) : {}) };
      });

      after(() => servers?.stop());

      const logIns = {
        'no log-in': {},
        'users with the least rights': {
          admin: { username: 'admin', password: 'a-secret' },
          worker: { username: 'worker', password: 'w-secret' }
        },
        // Last, because from here on the servers want one.
        'a password': { admin: { password: PASSWORD }, worker: { password: PASSWORD } }
      };
      for (const [logIn, secrets] of Object.entries(logIns)) {
        for (const db of topology === 'Cluster' ? [0] : [0, 5]) {
          test(`${logIn}, database ${db}`, async () => {
            if (logIn === 'a password' && db === 0) {
              await servers.lock();
            }
            await deployReachesWorker({ ...options, db }, secrets);
          });
        }
      }
    });
  }
}
