'use strict';

// A thousand instances that report, and an admin whose editor shows them: it asks every 2 s then.

const { fork } = require('node:child_process');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { until } = require('../../__test__/support/wait.js');
const { smallFlow } = require('../flows.js');
const { atMost, line, toBeSeen } = require('../measure/line.js');
const { busy } = require('../measure/cpu.js');
const { canMeasure, resident } = require('../measure/memory.js');
const { withFleets } = require('../subjects.js');

const INSIDE = path.join(__dirname, '..', 'inside', 'reporters.js');
/** ms between two questions of an editor that shows so many. */
const ASKED = 2000;

const ask = async (admin) => (await admin.admin('/node-red-storage-valkey/fleet')).json();

/** What a process has been busy for during a time, in per cent of a core. */
async function shareOf(pid, during) {
  const [cpu, began] = [busy(pid), performance.now()];
  await during();
  return ((busy(pid) - cpu) / (performance.now() - began)) * 100;
}

/** The admin as it is asked so many times: the delay of its event loop as it tells it itself, its memory. */
async function watchAdmin(admin, questions) {
  const seen = { delay: [], memory: [], answer: [] };
  for (let at = 0; at < questions; at += 1) {
    await delay(ASKED);
    const began = performance.now();
    const { instances } = await ask(admin);
    seen.answer.push(performance.now() - began);
    seen.delay.push(instances.find(({ role }) => role === 'admin').report.delay.p99);
    seen.memory.push(resident(admin.pid));
  }
  return seen;
}

function startReporters(message) {
  const child = fork(INSIDE, { stdio: 'inherit' });
  child.send(message);
  return child;
}

module.exports = {
  name: 'fleet',
  title: 'A thousand that report',

  async run({ times }) {
    if (!canMeasure) {
      return [line('of processes it is known on Linux alone', '', { valkey: [0] }, toBeSeen)];
    }
    const count = times(1000, 20);
    const questions = times(15, 1);
    const server = await startServer({ lines: ['maxclients 10000'] });
    let reporters;
    try {
      return await withFleets(['valkey'], { server, flows: smallFlow('first'), workers: 0 }, async ([fleet]) => {
        const { admin, prefix } = fleet;
        await until(async () => (await ask(admin)).instances.length === 1, { message: () => 'the admin among all' });
        // What a start needs is over.
        await delay(times(10_000, 0));
        const before = await watchAdmin(admin, questions);
        const without = await shareOf(server.pid, () => delay(times(10_000, 200)));
        const { revision } = await ask(admin);
        const options = { role: 'worker', host: server.host, port: server.port, keyPrefix: prefix };
        reporters = startReporters({ count, options, revision });
        await until(async () => (await ask(admin)).inStep === count, {
          deadline: 60_000,
          interval: 200,
          message: () => `${count} in step`
        });
        const withAll = await shareOf(server.pid, () => delay(times(30_000, 200)));
        const after = await watchAdmin(admin, questions);
        const more = after.memory.map((memory, at) => memory - before.memory[at]);
        return [
          line(
            'the server is busy with 1,000 reports every 2 s',
            '% of a core',
            { valkey: [withAll - without] },
            atMost(3, '%')
          ),
          line("an answer of the admin's route with all of them", 'ms', { valkey: after.answer }, toBeSeen),
          line("delay of the admin's event loop meanwhile, 99 of 100", 'ms', { valkey: after.delay }, atMost(20, 'ms')),
          line('the same with none', 'ms', { valkey: before.delay }, toBeSeen),
          line('memory of the admin with them, more than with none', 'MB', { valkey: more }, atMost(10, 'MB'))
        ];
      });
    } finally {
      reporters?.kill('SIGKILL');
      await server.stop();
    }
  }
};
