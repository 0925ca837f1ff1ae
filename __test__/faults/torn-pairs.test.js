'use strict';

// Torn pairs: none. The admin is killed at random moments of deploys that change flows and
// credentials together, and at random moments of its start.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { AdminChild } = require('./support/admin-child.js');
const { openInstance } = require('./support/addon.js');
const { count } = require('./support/counts.js');
const { pause } = require('./support/faults.js');
const { SEED, createRandom } = require('./support/random.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { until } = require('../support/wait.js');

const KILLS = count(24, 500);
const LANES = 2;
const AGREED_WITHIN = 2000;
// Numbers that no other start has used, so that equal numbers are the same deploy.
const APART = 10_000;

async function lane(name, kills, statistics) {
  const random = createRandom(name);
  const server = await startGuardedServer({ persist: true });
  const torn = [];
  const admin = new AdminChild({ server });
  const watch =
    (who) =>
    ({ flows, credentials }) => {
      if (flows !== credentials) {
        torn.push(`${who} ran flows of ${flows} with credentials of ${credentials}`);
      }
    };
  const workers = [];
  for (const number of [1, 2]) {
    workers.push(
      await openInstance({
        role: 'worker',
        server,
        valkey: loginOf('worker'),
        onRun: watch(`worker ${number}`),
        wait: false
      })
    );
  }
  const fail = (kill, error) =>
    new Error(
      `kill ${kill} of ${name}, seed ${SEED}: ${error.message}\n${admin.tail()}\n---\n${workers[0].lines.slice(-20).join('\n')}`
    );
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      try {
        if (random.whole(1, 5) === 1) {
          admin.spawn();
          await pause(random.whole(50, 500));
          await admin.kill();
          statistics.starting += 1;
        }
        const loaded = await admin.start();
        assert.equal(loaded.flows, loaded.credentials, 'the restarted admin runs one deploy');
        if (kill > 1) {
          assert.ok(
            loaded.flows >= admin.answered,
            `deploy ${admin.answered} was answered, the restarted admin runs ${loaded.flows}`
          );
          await until(() => workers.every(({ version }) => version === loaded.flows), {
            deadline: AGREED_WITHIN,
            interval: 5,
            message: () => `worker that runs the admin's ${loaded.flows}: ${workers.map(({ version }) => version)}`
          });
          statistics.forward += loaded.flows > admin.answered ? 1 : 0;
        }
        statistics.rolledBack += /were rolled back/.test(admin.output) ? 1 : 0;
        admin.output = '';
        admin.deployFrom(kill * APART);
        await pause(random.whole(0, 80));
        await admin.kill();
        statistics.deploying += 1;
        assert.deepEqual(torn, []);
      } catch (error) {
        throw fail(kill, error);
      }
    }
  } finally {
    await admin.close();
    await Promise.all(workers.map((worker) => worker.close()));
    await server.stop();
  }
}

test(
  `an admin that is killed at ${KILLS} moments of deploys: no torn pair, and all agree`,
  { timeout: 3_600_000 },
  async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    const statistics = { deploying: 0, starting: 0, rolledBack: 0, forward: 0 };
    await Promise.all(Array.from({ length: LANES }, (_, i) => lane(`lane ${i}`, Math.ceil(KILLS / LANES), statistics)));
    t.diagnostic(
      `killed ${statistics.deploying} times in deploys and ${statistics.starting} times at start; ` +
        `credentials were rolled back ${statistics.rolledBack} times, a deploy without an answer went forward ${statistics.forward} times`
    );
  }
);
