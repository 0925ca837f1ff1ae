'use strict';

const { startServer } = require('./server.js');
const { until } = require('./wait.js');

const NAME = 'mymaster';
const PASSWORD = 'server-secret';
const SENTINEL_PASSWORD = 'sentinel-secret';
// Sentinels that do not agree on one of them vote again after twelve seconds.
const DEADLINE = 60_000;

/** Fields and values in turn, as Sentinel answers, as an object. */
function fields(list) {
  const pairs = [];
  for (let at = 0; at < list.length; at += 2) {
    pairs.push([list[at], list[at + 1]]);
  }
  return Object.fromEntries(pairs);
}

/** The port that others are told of. */
const portOf = (server) => server.tlsPort || server.port;

/** A master with replicas, and the Sentinels that watch it; passwords on all unless told otherwise. */
class Watched {
  constructor(servers, sentinels, password) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.password = password;
    this.clients = new Map();
  }

  /** What belongs into `settings.valkey` of an instance. */
  connection(user) {
    return {
      sentinels: this.sentinels.map((sentinel) => ({ host: sentinel.host, port: portOf(sentinel) })),
      name: NAME,
      sentinelPassword: SENTINEL_PASSWORD,
      ...(user ? { username: user.username, password: user.password } : { password: this.password })
    };
  }

  /** Gives all servers a password that had none. */
  async lock() {
    for (const option of ['masterauth', 'requirepass']) {
      await Promise.all(this.servers.map((server) => server.client().config('SET', option, PASSWORD)));
    }
    this.password = PASSWORD;
  }

  ask(sentinel, ...question) {
    if (!this.clients.has(sentinel)) {
      this.clients.set(sentinel, sentinel.client({ enableReadyCheck: false, maxRetriesPerRequest: 1 }));
    }
    return this.clients.get(sentinel).call('SENTINEL', ...question);
  }

  running() {
    return this.sentinels.filter((sentinel) => sentinel.running);
  }

  /** The server that most running Sentinels name. */
  async master() {
    const answers = await Promise.allSettled(
      this.running().map((sentinel) => this.ask(sentinel, 'get-master-addr-by-name', NAME))
    );
    const ports = answers
      .filter(({ value }) => value)
      .map(({ value }) => Number(value[1]))
      .sort((a, b) => a - b);
    const port = ports[Math.floor(ports.length / 2)];
    return this.servers.find((server) => portOf(server) === port);
  }

  /** Waits until another than this server is the master, and returns it. */
  promotedAfter(old) {
    return until(
      async () => {
        const master = await this.master();
        return master && master !== old && master;
      },
      { deadline: DEADLINE, interval: 10, message: 'promotion of a replica' }
    );
  }

  /** Waits until each running Sentinel knows the others and this many replicas in step. */
  settled(replicas = this.servers.length - 1) {
    const isSettled = async (sentinel) => {
      const others = await this.ask(sentinel, 'sentinels', NAME);
      const list = (await this.ask(sentinel, 'replicas', NAME)).map(fields);
      const inStep = list.filter((one) => one['master-link-status'] === 'ok' && one.flags === 'slave');
      return others.length === this.sentinels.length - 1 && inStep.length === replicas;
    };
    return until(async () => (await Promise.all(this.running().map(isSettled))).every(Boolean), {
      deadline: DEADLINE,
      message: 'agreement of the Sentinels'
    });
  }

  /** Asks for a failover, as an operator does. */
  async failOver() {
    await until(() => this.ask(this.running()[0], 'failover', NAME), { message: 'failover' });
  }

  async stop() {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }
}

/**
 * Starts a master, two replicas and three Sentinels, and waits until everybody knows everybody.
 *
 * @param {object} [options]
 * @param {string[]} [options.users] `user …` lines of the servers
 * @param {string} [options.flavour]
 * @param {boolean} [options.open] the servers have no password; the Sentinels always have one
 * @param {object} [options.tls] as for a server (see server.js); all then speak TLS with each other
 * @param {boolean} [options.mutual] clients need a certificate, too
 */
async function startWatched({ users = [], flavour, open = false, tls, mutual = false } = {}) {
  const password = open ? undefined : PASSWORD;
  const secured = tls ? ['tls-replication yes', `tls-auth-clients ${mutual ? 'yes' : 'no'}`] : [];
  const lines = [
    ...(open ? ['protected-mode no'] : [`masterauth ${PASSWORD}`]),
    'repl-diskless-sync-delay 0',
    'repl-ping-replica-period 1',
    ...secured
  ];
  const server = (further) =>
    startServer({ flavour, users, tls, requirepass: password, lines: [...lines, ...further] });
  const master = await server([]);
  const follow = [`replicaof ${master.host} ${portOf(master)}`];
  const replicas = await Promise.all([server(follow), server(follow)]);
  const sentinel = () =>
    startServer({
      flavour,
      tls,
      requirepass: SENTINEL_PASSWORD,
      lines: [
        `sentinel monitor ${NAME} ${master.host} ${portOf(master)} 2`,
        `sentinel auth-pass ${NAME} ${PASSWORD}`,
        `sentinel down-after-milliseconds ${NAME} 1000`,
        `sentinel failover-timeout ${NAME} 6000`,
        `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
        ...secured
      ],
      args: ['--sentinel']
    });
  const sentinels = await Promise.all([sentinel(), sentinel(), sentinel()]);
  const watched = new Watched([master, ...replicas], sentinels, password);
  await watched.settled();
  return watched;
}

module.exports = { startWatched };
