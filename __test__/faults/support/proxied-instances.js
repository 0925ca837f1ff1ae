'use strict';

// An admin and workers at the addon level, each behind a proxy of its own, on one server.

const { startProxy } = require('../../support/proxy.js');
const { openInstance } = require('./addon.js');
const { loginOf, startGuardedServer } = require('./users.js');

const CONVERGED_WITHIN = 2000;
// The longest wait before a reconnect is 3 s (default strategy with its jitter), and a server
// that hangs is noticed after 4.5 s.
const BACK_WITHIN = 10_000;

/** Ids of the connections by name, of those that are whole: commands, and a subscription. */
function connectionsIn(list) {
  const found = new Map();
  for (const line of String(list).split('\n')) {
    const fields = Object.fromEntries(line.split(' ').map((field) => field.split('=')));
    if (fields.name) {
      const entry = found.get(fields.name) || { ids: [], subscribed: 0 };
      entry.ids.push(fields.id);
      entry.subscribed += Number(fields.sub);
      found.set(fields.name, entry);
    }
  }
  return found;
}

class ProxiedInstances {
  constructor(name) {
    this.name = name;
    this.version = 0;
    this.deployTimes = [];
    this.problems = [];
  }

  async open({ workers = 2, persist = true, valkey = {} } = {}) {
    this.server = await startGuardedServer({ persist });
    this.observer = this.server.client();
    this.members = [];
    for (const role of ['admin', ...Array(workers).fill('worker')]) {
      const name = `${this.name}-${this.members.length}`;
      const proxy = await startProxy({ port: this.server.port });
      const member = { name, role, proxy };
      member.instance = await openInstance({
        role,
        server: proxy,
        valkey: { ...loginOf(role), connectionName: name, ...valkey },
        onRun: (versions) => this.check(member, versions),
        wait: role === 'admin'
      });
      this.members.push(member);
    }
    return this;
  }

  get admin() {
    return this.members[0].instance;
  }

  get workers() {
    return this.members.slice(1);
  }

  check(member, { flows, credentials }) {
    const last = member.last || 0;
    if (flows !== null && flows < last) {
      this.problems.push(`${member.name} went back from deploy ${last} to ${flows}`);
    }
    if (flows !== credentials) {
      this.problems.push(`${member.name} ran flows of ${flows} with credentials of ${credentials}`);
    }
    member.last = flows;
  }

  async deploy() {
    this.version += 1;
    const begin = performance.now();
    await this.admin.deploy(this.version);
    this.deployTimes.push(performance.now() - begin);
  }

  /** Ids of all connections when every member has its own, or null. */
  async wholeConnections() {
    let list;
    try {
      list = connectionsIn(await this.observer.client('LIST'));
    } catch {
      return null;
    }
    const whole = this.members.every(({ name, role }) => {
      const entry = list.get(name);
      return entry && (role === 'admin' || (entry.ids.length > 1 && entry.subscribed > 0));
    });
    return whole ? JSON.stringify([...list].sort()) : null;
  }

  /**
   * Waits until every worker runs the last deploy; returns `{ back, converged }` in ms: until all
   * had their connections, and from then on.
   */
  async converge(within = CONVERGED_WITHIN) {
    const begin = performance.now();
    let connections = null;
    let since = begin;
    for (;;) {
      const now = await this.wholeConnections();
      if (now === null || now !== connections) {
        since = performance.now();
        connections = now;
      }
      if (this.workers.every(({ instance }) => instance.version === this.version)) {
        return { back: since - begin, converged: performance.now() - since };
      }
      const waited = performance.now() - since;
      if (connections !== null && waited > within) {
        const at = this.workers.map(({ name, instance }) => `${name} runs ${instance.version}`);
        throw new Error(`deploy ${this.version} had not come ${Math.round(waited)} ms after all were connected: ${at}`);
      }
      if (performance.now() - begin > BACK_WITHIN + within) {
        throw new Error(`not all were connected again within ${BACK_WITHIN} ms`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What a failure has to tell. */
  logs(lines = 30) {
    return this.members
      .map(({ name, instance }) => `--- ${name}\n${instance.lines.slice(-lines).join('\n')}`)
      .join('\n');
  }

  async close() {
    for (const { instance, proxy } of this.members) {
      await instance.close();
      await proxy.close();
    }
    await this.server.stop();
  }
}

const openProxiedInstances = (name, options) => new ProxiedInstances(name).open(options);

module.exports = { openProxiedInstances };
