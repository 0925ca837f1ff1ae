'use strict';

const { freePort } = require('./port.js');
const { startServer } = require('./server.js');
const { until } = require('./wait.js');

const DEADLINE = 30_000;
const RANGES = [
  [0, 5460],
  [5461, 10_922],
  [10_923, 16_383]
];

/** The port that others are told of. */
const portOf = (node) => node.tlsPort || node.port;

/** Three masters and a replica of each. */
class Cluster {
  constructor(nodes) {
    this.nodes = nodes;
    this.clients = new Map();
  }

  /** What belongs into `settings.valkey` of an instance. */
  connection(user) {
    return {
      cluster: this.nodes.map((node) => ({ host: node.host, port: portOf(node) })),
      ...(user ? { username: user.username, password: user.password } : { password: this.password })
    };
  }

  /** Gives all nodes a password that had none. */
  async lock(password) {
    for (const option of ['masterauth', 'requirepass']) {
      await Promise.all(this.nodes.map((node) => this.client(node).config('SET', option, password)));
    }
    this.password = password;
  }

  client(node) {
    if (!this.clients.has(node)) {
      this.clients.set(node, node.client({ enableReadyCheck: false, maxRetriesPerRequest: 1 }));
    }
    return this.clients.get(node);
  }

  running() {
    return this.nodes.filter((node) => node.running);
  }

  /** Waits until what each running node says of the nodes and of the state is as wanted. */
  until(what, wanted) {
    const fits = async (node) => {
      const client = this.client(node);
      return wanted(await client.cluster('NODES'), await client.cluster('INFO'));
    };
    return until(async () => (await Promise.all(this.running().map(fits))).every(Boolean), {
      deadline: DEADLINE,
      message: what
    });
  }

  async join() {
    const ids = await Promise.all(this.nodes.map((node) => this.client(node).cluster('MYID')));
    for (const [at, range] of RANGES.entries()) {
      await this.client(this.nodes[at]).cluster('ADDSLOTSRANGE', ...range);
      await this.client(this.nodes[at]).cluster('SET-CONFIG-EPOCH', at + 1);
    }
    const [first, ...others] = this.nodes;
    for (const node of others) {
      await this.client(first).cluster('MEET', node.host, portOf(node), node.bus);
    }
    await this.until('all nodes known', (nodes) => nodes.trim().split('\n').length === this.nodes.length);
    for (const at of RANGES.keys()) {
      await this.client(this.nodes[at + RANGES.length]).cluster('REPLICATE', ids[at]);
    }
    await this.until(
      'a working cluster',
      (nodes, info) => info.includes('cluster_state:ok') && nodes.match(/slave /g)?.length === RANGES.length
    );
    await until(
      async () => {
        const replicas = this.nodes.slice(RANGES.length).map((node) => this.client(node).info('replication'));
        return (await Promise.all(replicas)).every((info) => info.includes('master_link_status:up'));
      },
      { deadline: DEADLINE, message: 'replicas in step' }
    );
    this.ids = ids;
  }

  /** The node that serves this key. */
  owner(key) {
    return until(
      async () => {
        for (const node of this.running()) {
          if (
            await this.client(node)
              .exists(key)
              .then(
                () => true,
                () => false
              )
          ) {
            return node;
          }
        }
        return undefined;
      },
      { deadline: DEADLINE, message: `owner of ${key}` }
    );
  }

  /**
   * Moves the slot of this key to another node, key by key, as `valkey-cli --cluster reshard`. `meanwhile` runs when
   * all keys are there and the slot is not.
   */
  async moveSlot(key, to, meanwhile = async () => {}) {
    const from = await this.owner(key);
    const [source, target] = [this.client(from), this.client(to)];
    const id = (node) => this.ids[this.nodes.indexOf(node)];
    const slot = await source.cluster('KEYSLOT', key);
    await target.cluster('SETSLOT', slot, 'IMPORTING', id(from));
    await source.cluster('SETSLOT', slot, 'MIGRATING', id(to));
    for (const name of await source.cluster('GETKEYSINSLOT', slot, 1000)) {
      await source.call('MIGRATE', to.host, to.port, name, 0, 5000);
    }
    await meanwhile();
    await target.cluster('SETSLOT', slot, 'NODE', id(to));
    await source.cluster('SETSLOT', slot, 'NODE', id(to));
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

/**
 * Starts three masters with a replica each, and waits until the cluster serves.
 *
 * @param {object} [options]
 * @param {string[]} [options.users] `user …` lines of the nodes
 * @param {string} [options.flavour]
 * @param {object} [options.tls] as for a server (see server.js); all then speak TLS with each other
 * @param {boolean} [options.mutual] clients need a certificate, too
 */
async function startCluster({ users = [], flavour, tls, mutual = false } = {}) {
  const secured = tls ? ['tls-cluster yes', 'tls-replication yes', `tls-auth-clients ${mutual ? 'yes' : 'no'}`] : [];
  const node = async () => {
    const bus = await freePort();
    const lines = [
      'cluster-enabled yes',
      `cluster-port ${bus}`,
      'cluster-node-timeout 2000',
      'repl-diskless-sync-delay 0',
      ...secured
    ];
    return Object.assign(await startServer({ flavour, users, tls, lines }), { bus });
  };
  const cluster = new Cluster(await Promise.all(RANGES.flatMap(() => [node(), node()])));
  await cluster.join();
  return cluster;
}

module.exports = { startCluster };
