'use strict';

// Context and how an instance ends: what of a flow's last writes is lost, and what a server that hangs adds to a deploy and
// an exit. A flow counts, and notes in a file what it has set.

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { raw, startNodeRed } = require('../../__test__/support/node-red.js');
const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { tempDir } = require('../../__test__/support/temp-dir.js');
const { run, runFlow } = require('../../__test__/e2e/context/support/context-flow.js');
const { atMost, line, moreThan, toBeSeen } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');

const OURS = { module: raw(`require(${JSON.stringify(path.join(__dirname, '..', '..', 'context.js'))})`) };
const MEMORY = { module: 'memory' };

/** Sets a number and the time each ms, and notes both. */
const COUNT = `
const note = global.get('note');
let n = 0;
const tick = () => {
  const at = Date.now();
  global.set('n', ++n);
  global.set('at', at);
  note(JSON.stringify([n, at]));
  setTimeout(tick, 1);
};
tick();`;

const start = (server, store, seeds = '{}') =>
  startNodeRed({
    role: 'admin',
    server,
    flows: runFlow(),
    settings: { functionGlobalContext: raw(seeds), contextStorage: { default: store } }
  });

async function counting(server) {
  const file = path.join(tempDir('endings'), 'last');
  const open = `require('node:fs').openSync(${JSON.stringify(file)}, 'w')`;
  // One write of one size at one place: a kill leaves the line before or the line after it.
  const admin = await start(
    server,
    OURS,
    `((file) => ({ note: (text) => { require('node:fs').writeSync(file, text.padEnd(40), 0); } }))(${open})`
  );
  await run(admin, COUNT);
  await delay(300);
  return { admin, noted: () => JSON.parse(fs.readFileSync(file, 'utf8')) };
}

/** How many ticks are lost. */
async function ended(server, client, end) {
  const { admin, noted } = await counting(server);
  try {
    await end(admin);
    // The server reads what a process has left on its connection.
    await delay(50);
    return noted()[0] - Number(await client.get('nodered:context:global:n'));
  } finally {
    await admin.stop();
    await client.flushall();
  }
}

async function kill(admin) {
  admin.kill();
  await admin.waitUntilEnded();
}

/** How many ms of ticks are lost. */
async function killedAway(server, client) {
  const { admin, noted } = await counting(server);
  try {
    await server.kill();
    await delay(2500);
    await kill(admin);
    const [, at] = noted();
    await server.restart();
    await admin.start();
    return at - (await run(admin, 'return global.get("at");'));
  } finally {
    await admin.stop();
    await client.flushall();
  }
}

/** ms that a deploy and then an exit take while the server hangs. */
async function hung(server, client, store) {
  const admin = await start(server, store);
  try {
    await run(admin, 'global.set("before", 1);');
    server.pause();
    const begin = performance.now();
    await admin.deploy([...runFlow(), { id: 'more', type: 'tab', label: 'More' }]);
    const deploy = performance.now() - begin;
    // Node-RED answers a deploy before its nodes are started.
    await until(() => run(admin, 'global.set("after", 1); return true;'));
    return { deploy, exit: await admin.stop() };
  } finally {
    server.resume();
    await admin.stop();
    await client.flushall();
  }
}

async function repeat(times, measure) {
  const samples = [];
  for (let round = 0; round < times; round += 1) {
    samples.push(await measure());
  }
  return samples;
}
/** The worst counts. */
const worst = (values) => ({ valkey: [Math.max(...values)] });

module.exports = {
  name: 'context-endings',
  title: 'Context at an end',

  async run({ times }) {
    const server = await startServer({ persist: true });
    const client = server.client();
    try {
      const rounds = times(10, 1);
      const stopped = await repeat(rounds, () => ended(server, client, (admin) => admin.stop()));
      const killed = await repeat(rounds, () => ended(server, client, kill));
      const away = await repeat(times(5, 1), () => killedAway(server, client));
      const stores = { valkey: OURS, default: MEMORY };
      const samples = await alternate(
        Object.keys(stores),
        times(5, 1),
        (name) => hung(server, client, stores[name]),
        (name) => name
      );
      return [
        line('ticks of 1 ms lost by an ordinary end', '', worst(stopped), atMost(0, '')),
        line('the same by a kill', '', { valkey: killed }, atMost(1, '')),
        line(`the same, the worst of ${killed.length}`, '', worst(killed), toBeSeen),
        line('lost by a kill while the server is away', 'ms', worst(away), atMost(1000, 'ms')),
        line(
          'deploy while the server hangs, default: with memory',
          'ms',
          samples.deploy,
          moreThan('default', 100, 'ms')
        ),
        line('exit then', 'ms', { valkey: samples.exit.valkey }, atMost(2000, 'ms'))
      ];
    } finally {
      await server.stop();
    }
  }
};
