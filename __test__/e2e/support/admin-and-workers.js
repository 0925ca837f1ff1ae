'use strict';

// An admin and workers on one server, each as the ACL user that it is to be, and a flow whose HTTP
// answer tells which version runs and with which credentials.

const path = require('node:path');

const { findServer } = require('../../../scripts/valkey-server.js');
const { adminLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const PREFIX = 'nodered:';
const USERS = {
  admin: { username: 'admin', password: 'secret-of-the-admin' },
  worker: { username: 'worker', password: 'secret-of-the-worker' }
};
/** What a deploy replaces, as one. */
const DEPLOY_KEYS = ['flows', 'credentials', 'settings'].map((name) => `${PREFIX}${name}`);
/** A request that meets the restart of its node is never answered. */
const REQUEST_DEADLINE = 500;

const started = { instances: [], servers: [] };

/**
 * A server that knows the two users; tests look at it as `default`, who may do everything.
 *
 * @param {object} [options] as startServer takes them
 * @param {string} [options.workerPrefix] a pattern, where workers have several prefixes
 * @param {string[]} [options.users] lines of further users
 */
async function startServerWithUsers({ workerPrefix = PREFIX, users = [], ...options } = {}) {
  const { version, flavour } = await findServer({ flavour: options.flavour, preferValkey: true });
  const server = await startServer({
    ...options,
    flavour,
    users: [
      adminLine(PREFIX, USERS.admin.password, { version }),
      workerLine(workerPrefix, USERS.worker.password, { version }),
      ...users,
      'user default on nopass ~* &* +@all'
    ]
  });
  started.servers.push(server);
  return server;
}

/**
 * Starts an admin or a worker on the server, or on what stands before it.
 *
 * @param {'admin'|'worker'} role
 * @param {{host: string, port: number}} server
 * @param {object} [options] as startNodeRed takes them
 */
async function startInstance(role, server, options = {}) {
  const instance = await startNodeRed({
    role,
    server: { host: server.host, port: server.port },
    user: USERS[role],
    ...options,
    settings: { nodesDir: [path.join(__dirname, 'nodes')], ...options.settings }
  });
  started.instances.push(instance);
  return instance;
}

/**
 * A server, an admin and then a worker.
 *
 * @param {object} [options] of the admin, as startNodeRed takes them
 */
async function startAdminAndWorker(options) {
  const server = await startServerWithUsers();
  const admin = await startInstance('admin', server, { flows: [], ...options });
  const worker = await startInstance('worker', server);
  return { server, client: server.client(), admin, worker };
}

/** Stops all that was started here and still runs: for the end of a file's tests. */
async function stopAll() {
  await Promise.all(started.instances.splice(0).map((instance) => instance.stop()));
  await Promise.all(started.servers.splice(0).map((server) => server.stop()));
}

/** A flow that answers GET /answer with `<version>:<token of its credentials>`. */
function answerFlow(version, { token } = {}) {
  return [
    { id: 'tab', type: 'tab', label: 'Answer' },
    { id: 'in', type: 'http in', z: 'tab', url: '/answer', method: 'get', x: 100, y: 40, wires: [['set']] },
    {
      id: 'set',
      type: 'change',
      z: 'tab',
      x: 200,
      y: 40,
      wires: [['secret']],
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: String(version), tot: 'str' }]
    },
    {
      id: 'secret',
      type: 'secret-answer',
      z: 'tab',
      x: 300,
      y: 40,
      wires: [['out']],
      ...(token === undefined ? {} : { credentials: { token } })
    },
    { id: 'out', type: 'http response', z: 'tab', x: 400, y: 40, wires: [] }
  ];
}

/** What the instance answers now, or the reason why it does not. */
async function answerOf(instance, deadline = 5000) {
  const { status, text } = await instance.http('/answer', { deadline });
  return status === 200 ? text : `status ${status}`;
}

/** Waits until the instance answers so; returns how many ms it took. */
async function untilAnswer(instance, wanted, deadline = 30_000) {
  const begin = performance.now();
  let last;
  await until(
    async () => {
      last = await answerOf(instance, REQUEST_DEADLINE);
      return last === wanted;
    },
    {
      deadline,
      interval: 10,
      message: () => `answer '${wanted}' (last: '${last}'); the log ends:\n${instance.tail()}`
    }
  );
  return performance.now() - begin;
}

/** The stored revision record. */
async function revisionOf(client) {
  return JSON.parse(await client.get(`${PREFIX}revision`));
}

/** What identifies the stored content. */
async function contentOf(client) {
  const { flows, credentials, settings } = await revisionOf(client);
  return { flows, credentials, settings };
}

module.exports = {
  DEPLOY_KEYS,
  PREFIX,
  USERS,
  answerFlow,
  answerOf,
  contentOf,
  revisionOf,
  startAdminAndWorker,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
};
