'use strict';

// What a read and a write of context take in a Function node: Node-RED's memory store, ours, and a store over ioredis
// that has callbacks only.

const path = require('node:path');
const { raw, startNodeRed } = require('../../__test__/support/node-red.js');
const { startServer } = require('../../__test__/support/server.js');
const { run, runFlow } = require('../../__test__/e2e/context/support/context-flow.js');
const { line, ratioTo, timesFasterThan } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');

const ROOT = path.join(__dirname, '..', '..');
const requireOf = (...names) => raw(`require(${JSON.stringify(path.join(ROOT, ...names))})`);

/** Each gives µs for one call. */
const SOURCES = {
  default: {
    get: (n) =>
      `global.set('k', 1); const t = now(); for (let i = 0; i < ${n}; i += 1) global.get('k'); return (now() - t) * 1000 / ${n};`,
    set: (n) => `let all = 0;
for (let tick = 0; tick < ${n} / 100; tick += 1) {
  const t = now();
  for (let i = 0; i < 100; i += 1) global.set('k', i);
  all += now() - t;
  await new Promise((resolve) => setTimeout(resolve, 0));
}
return all * 1000 / ${n};`
  },
  plain: {
    get: (n) =>
      `const t = now(); for (let i = 0; i < ${n} / 20; i += 1) await new Promise((done) => global.get('k', done)); return (now() - t) * 20000 / ${n};`,
    set: (n) => `let all = 0;
for (let tick = 0; tick < ${n} / 2000; tick += 1) {
  const t = now();
  await Promise.all(Array.from({ length: 100 }, (_, i) => new Promise((done) => global.set('k', i, done))));
  all += now() - t;
}
return all * 20000 / ${n};`
  }
};
SOURCES.valkey = SOURCES.default;

module.exports = {
  name: 'context-access',
  title: 'Context in a Function node',

  async run({ times }) {
    const server = await startServer();
    const address = { host: server.host, port: server.port };
    const settings = (contextStorage) => ({
      functionGlobalContext: raw('{ now: () => performance.now() }'),
      ...(contextStorage ? { contextStorage: { default: contextStorage } } : {})
    });
    const instances = {};
    try {
      instances.default = await startNodeRed({ flows: runFlow(), settings: settings() });
      instances.valkey = await startNodeRed({
        role: 'admin',
        server,
        flows: runFlow(),
        settings: settings({ module: requireOf('context.js') })
      });
      instances.plain = await startNodeRed({
        flows: runFlow(),
        settings: settings({ module: requireOf('bench', 'plain-context.js'), config: address })
      });
      const calls = times(200_000, 2000);
      const measure = async (name) => {
        const source = (what) =>
          `const now = ${name === 'plain' ? 'Date.now' : "global.get('now')"};\n${SOURCES[name][what](calls)}`;
        return { get: await run(instances[name], source('get')), set: await run(instances[name], source('set')) };
      };
      const samples = await alternate(Object.keys(instances), times(5, 1), measure, (name) => name);
      return [
        line('a read', 'µs', samples.get, ratioTo('default', 2)),
        line('the same', 'µs', samples.get, timesFasterThan('plain', 10)),
        line('a write of a number, 100 a tick', 'µs', samples.set, ratioTo('default', 3))
      ];
    } finally {
      await Promise.all(Object.values(instances).map((instance) => instance.stop()));
      await server.stop();
    }
  }
};
