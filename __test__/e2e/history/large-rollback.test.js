'use strict';

// A rollback of a megabyte of flows over twenty deploys, and one that is killed in the middle: flows and
// credentials are the same on the disk, in Valkey and on the worker, those of before or those of after.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  answerFlow,
  answerOf,
  startAdminAndWorker,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { withPlugin } = require('../editor/support/installed-copy.js');
const { until } = require('../../support/wait.js');
const { entriesOf, rollBack } = require('./support/history-api.js');

const DEPLOYS = 20;
const KILLS = 6;

const notes = Array.from({ length: 5000 }, (_, at) => ({
  id: `note-${at}`,
  type: 'comment',
  z: 'tab',
  name: `note ${at}`,
  info: 'what it says '.repeat(10),
  x: at % 900,
  y: 100 + at,
  wires: []
}));
const version = (number) => [...answerFlow(`version ${number}`, { token: `token ${number}` }), ...notes];
const answer = (number) => `version ${number}:token ${number}`;

let client;
let admin;
let worker;

before(async () => {
  ({ client, admin, worker } = await startAdminAndWorker(withPlugin({ flows: version(0) })));
  assert.ok(JSON.stringify(version(0)).length > 1_000_000);
  for (let number = 1; number <= DEPLOYS; number += 1) {
    await admin.deploy(version(number), { type: 'nodes' });
  }
  await untilAnswer(worker, answer(DEPLOYS), 20_000);
});

after(stopAll);

const onDisk = (name) => JSON.parse(fs.readFileSync(path.join(admin.userDir, name), 'utf8'));
const inValkey = async (name) => JSON.parse(await client.get(`${PREFIX}${name}`));

async function untilAllAgree() {
  await until(
    async () => {
      const stored = [await inValkey('flows'), await inValkey('credentials')];
      return JSON.stringify(stored) === JSON.stringify([onDisk('flows.json'), onDisk('flows_cred.json')]);
    },
    { deadline: 10_000, message: 'the same in Valkey as on the disk' }
  );
}

/** The entry with these flows, as they answer. */
async function sequenceOf(number) {
  const entries = await entriesOf(admin);
  return entries.at(-1).sequence + number - 1;
}

test('twenty deploys of a megabyte back, and the worker has it', async (t) => {
  let entries;
  await until(async () => (entries = await entriesOf(admin)).length === DEPLOYS + 1, { message: 'the last entry' });
  await rollBack(admin, entries.at(-2).sequence);
  const took = await untilAnswer(worker, answer(1));
  t.diagnostic(`the worker answers ${Math.round(took)} ms after the admin has`);
  assert.equal(await answerOf(admin), answer(1));
  await untilAllAgree();
  assert.deepEqual(onDisk('flows.json'), (await admin.getFlows()).flows);
});

test(`killed at ${KILLS} moments of a rollback: all of before or all of after`, async (t) => {
  const outcomes = { before: 0, after: 0 };
  let number = 1;
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const wanted = number === 1 ? 5 : 1;
    const sequence = await sequenceOf(wanted + 1);
    const under = rollBack(admin, sequence).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 25 * kill * kill));
    await admin.stop({ signal: 'SIGKILL' });
    await under;
    await admin.restart();
    const found = await until(
      async () => {
        const now = await answerOf(admin);
        return [answer(number), answer(wanted)].includes(now) && now;
      },
      { deadline: 20_000, message: () => `one of the two; the log ends:\n${admin.tail()}` }
    );
    outcomes[found === answer(wanted) ? 'after' : 'before'] += 1;
    number = found === answer(wanted) ? wanted : number;
    await untilAnswer(worker, answer(number), 10_000);
    await untilAllAgree();
    const [last] = await entriesOf(admin);
    assert.equal(last.current, true);
  }
  t.diagnostic(`${outcomes.before} times that of before, ${outcomes.after} times that of after`);
});
