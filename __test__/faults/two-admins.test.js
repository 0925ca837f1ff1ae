'use strict';

// Two admins by mistake on one prefix: nothing is overwritten in silence.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { AdminChild } = require('./support/admin-child.js');
const { count } = require('./support/counts.js');
const { pause } = require('./support/faults.js');
const { SEED, createRandom } = require('./support/random.js');
const { PREFIX, startGuardedServer } = require('./support/users.js');
const { until } = require('../support/wait.js');

const ROUNDS = count(1, 20);
const LEASE = 10_000;
const ACTIVE =
  /\[error\] \[ValkeyStorage\] another admin \((\w+), host [\w.-]+, process \d+\) is active on this key prefix/;
const TAKES_OVER =
  /\[ValkeyStorage\] the lease of the other admin \((\w+), host [\w.-]+, process \d+\) has run out: this admin takes over/;

const versionOf = (text) => JSON.parse(text).find(({ id }) => id === 'node')?.version;
const onDisk = (admin) => versionOf(fs.readFileSync(path.join(admin.userDir, 'flows.json'), 'utf8'));

async function stored(client) {
  const text = await client.get(`${PREFIX}flows`);
  return text === null ? null : versionOf(text);
}

/** Every deploy that was stored is stored still, or kept: by its number. */
async function keptOf(client) {
  const kept = new Set([await stored(client)]);
  for (const key of await client.keys(`${PREFIX}backup:*`)) {
    kept.add(versionOf(await client.hget(key, 'flows')));
  }
  return kept;
}

async function withAdmins(task) {
  const server = await startGuardedServer({ persist: true });
  const admins = [new AdminChild({ server, gap: 20 }), new AdminChild({ server, gap: 20 })];
  try {
    await task(server.client(), ...admins);
  } catch (error) {
    error.message += `\nseed ${SEED}\n--- first\n${admins[0].tail()}\n--- second\n${admins[1].tail()}`;
    throw error;
  } finally {
    await Promise.all(admins.map((admin) => admin.close()));
    await server.stop();
  }
}

/** One deploy, and what it was answered: 'answered', or the code of the error. */
async function deploy(admin, version) {
  const refused = admin.refused.length;
  admin.deployFrom(version, version);
  await until(() => admin.answered === version || admin.refused.length > refused, { message: 'answer to a deploy' });
  return admin.answered === version ? 'answered' : admin.refused.at(-1).code;
}

test(
  `started together, ${ROUNDS} times: one is in charge, the other refuses, both say so`,
  { timeout: 900_000 },
  async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    const random = createRandom('together');
    for (let round = 1; round <= ROUNDS; round += 1) {
      await withAdmins(async (client, one, two) => {
        await Promise.all(
          [one, two].map(async (admin) => {
            await pause(random.whole(0, 60));
            await admin.start();
          })
        );
        const answers = await Promise.all([deploy(one, 1000), deploy(two, 2000)]);
        assert.deepEqual([...answers].sort(), ['ERR_VALKEY_OTHER_ADMIN', 'answered']);
        const [winner, loser] = answers[0] === 'answered' ? [one, two] : [two, one];
        assert.equal(onDisk(one), 1000, 'a deploy is on the disk of who made it, refused or not');
        assert.equal(onDisk(two), 2000);
        assert.equal(await stored(client), onDisk(winner));
        await until(() => ACTIVE.test(loser.output), {
          message: 'error in the log of the admin that is not in charge'
        });
        assert.doesNotMatch(winner.output, ACTIVE);
      });
    }
  }
);

test(
  'the first is suspended past its lease and goes on: nothing is lost, both logs tell',
  { timeout: 120_000 },
  async (t) => {
    await withAdmins(async (client, first, second) => {
      await first.start();
      assert.equal(await deploy(first, 1), 'answered');
      await second.start();
      assert.equal(await deploy(second, 1000), 'ERR_VALKEY_OTHER_ADMIN');
      // In the middle of its deploys, some of them on their way.
      first.deployFrom(2, 500);
      await until(() => first.answered > 4, { message: 'deploys of the first' });
      first.signal('SIGSTOP');
      const begin = performance.now();
      const last = await stored(client);
      await until(() => TAKES_OVER.test(second.output), { deadline: LEASE + 8000, message: 'the second to take over' });
      t.diagnostic(`took over after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
      await until(async () => (await stored(client)) === 1000, { message: 'deploy of the second' });
      assert.ok((await keptOf(client)).has(last), `deploy ${last} of the first is kept`);
      const answeredBefore = first.answered;
      first.signal('SIGCONT');
      await until(() => ACTIVE.test(first.output), { deadline: 15_000, message: 'error in the log of the first' });
      await until(() => first.refused.some(({ code }) => code === 'ERR_VALKEY_OTHER_ADMIN'), { message: 'a refusal' });
      assert.equal(await stored(client), 1000, 'what was on its way is not applied late');
      const { refused } = first.refused.at(-1);
      assert.ok(refused > answeredBefore && onDisk(first) >= refused, 'a refused deploy is on disk');
      // The second ends: the first takes over, and what it replaces is kept.
      await second.kill();
      await until(() => TAKES_OVER.test(first.output), { deadline: LEASE + 8000, message: 'the first to take over' });
      await until(async () => (await stored(client)) === onDisk(first), { message: 'deploy of the first' });
      assert.ok((await keptOf(client)).has(1000), 'the deploy of the second is kept');
    });
  }
);

test('one after the other, killed and restarted at once: never locked out', { timeout: 120_000 }, async () => {
  await withAdmins(async (client, admin) => {
    for (let start = 1; start <= 4; start += 1) {
      await admin.start();
      assert.equal(await deploy(admin, start), 'answered');
      assert.equal(await stored(client), start);
      await admin.kill();
    }
    assert.doesNotMatch(admin.output, ACTIVE);
    // Restored from a backup: the disk of a while ago, in another place.
    const copy = `${admin.userDir}-restored`;
    fs.cpSync(admin.userDir, copy, { recursive: true });
    try {
      await admin.start();
      assert.equal(await deploy(admin, 10), 'answered');
      await admin.kill();
      admin.userDir = copy;
      await admin.start();
      await until(async () => (await stored(client)) === 4, { message: 'the deploy of the restored disk' });
      assert.ok((await keptOf(client)).has(10), 'what the restored disk never had is kept');
      assert.equal(await deploy(admin, 11), 'answered');
      assert.equal(await stored(client), 11);
      assert.doesNotMatch(admin.output, ACTIVE);
      await admin.kill();
    } finally {
      fs.rmSync(copy, { recursive: true, force: true });
    }
  });
});
