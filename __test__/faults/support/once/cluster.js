'use strict';

// An admin and five workers, each behind a proxy of its own, and a tab that runs on one of them.

const path = require('node:path');

const { startNodeRed, raw } = require('../../../support/node-red.js');
const { startProxy } = require('../../../support/proxy.js');
const { startServer } = require('../../../support/server.js');

const WORKERS = 5;
/** Every so many ms the tab writes. */
const TICK = 100;

const CLIENT = path.join(__dirname, 'ledger-client.js');

const FLOWS = [
  { id: 'timers', type: 'tab', label: 'timers', env: [{ name: 'CLUSTER_PLACEMENT', value: 'once', type: 'str' }] },
  {
    id: 'timer',
    type: 'inject',
    z: 'timers',
    props: [],
    repeat: String(TICK / 1000),
    once: true,
    onceDelay: 0,
    x: 1,
    y: 1,
    wires: [['write']]
  },
  {
    id: 'write',
    type: 'function',
    z: 'timers',
    func: "global.get('ledger').write(env.get('CLUSTER_FENCE'));",
    outputs: 0,
    x: 2,
    y: 1,
    wires: []
  },
  { id: 'beside', type: 'tab', label: 'beside' },
  { id: 'in', type: 'http in', z: 'beside', url: '/count', method: 'get', x: 1, y: 1, wires: [['count']] },
  {
    id: 'count',
    type: 'function',
    z: 'beside',
    func: "const count = (flow.get('count') || 0) + 1; flow.set('count', count); msg.payload = String(count); return msg;",
    outputs: 1,
    x: 2,
    y: 1,
    wires: [['out']]
  },
  { id: 'out', type: 'http response', z: 'beside', x: 3, y: 1, wires: [] },
  { id: 'spin-in', type: 'http in', z: 'beside', url: '/spin', method: 'get', x: 1, y: 2, wires: [['spin']] },
  {
    id: 'spin',
    type: 'function',
    z: 'beside',
    func: 'const end = Date.now() + Number(msg.req.query.ms); while (Date.now() < end) {} return msg;',
    outputs: 1,
    x: 2,
    y: 2,
    wires: [['out']]
  }
];

/**
 * Asks a worker all the time for what its other tab counts: no request fails, and the count goes up by one.
 *
 * @param {string} name
 * @param {import('../../../support/node-red.js').NodeRed} instance
 */
function countOn(name, instance) {
  let going = true;
  let asked = 0;
  let last = 0;
  let problem;
  const run = (async () => {
    while (going && !problem) {
      try {
        const { status, text } = await instance.http('/count', { deadline: 60_000 });
        asked += 1;
        if (status !== 200 || Number(text) !== last + 1) {
          problem = `${name} answered ${status} ${text} after ${last}`;
        }
        last += 1;
      } catch (error) {
        problem = going ? `${name}: ${error.message}` : undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    /** How often it was asked; throws when an answer was wrong. */
    async end() {
      going = false;
      await run;
      if (problem) {
        throw new Error(problem);
      }
      return asked;
    }
  };
}

/** @param {{ lease: number, ledger: { port: number } }} params */
async function openCluster({ lease, ledger }) {
  const server = await startServer();
  const admin = await startNodeRed({ role: 'admin', server, flows: FLOWS });
  const members = await Promise.all(
    Array.from({ length: WORKERS }, async (_, index) => {
      const name = `worker-${index}`;
      const proxy = await startProxy({ port: server.port });
      const instance = await startNodeRed({
        role: 'worker',
        server: proxy,
        valkey: { onceLease: lease },
        settings: {
          functionGlobalContext: {
            ledger: raw(`require(${JSON.stringify(CLIENT)}).connectLedger(${ledger.port}, ${JSON.stringify(name)})`)
          }
        }
      });
      return { name, proxy, instance, counting: countOn(name, instance) };
    })
  );
  let asked = 0;

  return {
    server,
    members,
    client: server.client(),

    member: (name) => members.find((member) => member.name === name),

    /** Nobody asks it any more: it is about to end. */
    async leave(member) {
      asked += await member.counting.end();
      member.counting = undefined;
    },

    /** Starts those again that have ended. */
    async revive() {
      for (const member of members) {
        if (!member.instance.running) {
          await member.instance.restart();
          member.counting = countOn(member.name, member.instance);
        }
      }
    },

    running: () => members.filter(({ instance }) => instance.running),

    /** What a failure has to tell. */
    logs: () => members.map(({ name, instance }) => `--- ${name}\n${instance.tail(15)}`).join('\n'),

    async close() {
      try {
        for (const member of members.filter(({ counting }) => counting)) {
          await this.leave(member);
        }
      } finally {
        await Promise.all([admin, ...members.map(({ instance }) => instance)].map((instance) => instance.stop()));
        await Promise.all(members.map(({ proxy }) => proxy.close()));
        await server.stop();
      }
      return asked;
    }
  };
}

module.exports = { TICK, openCluster };
