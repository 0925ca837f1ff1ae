'use strict';

// Tabs that say where they run, each with a node that tells whether it runs, and a tab beside them of which no request
// may fail and no value of the context may be lost.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { isDeepStrictEqual } = require('node:util');

const { until } = require('../../../support/wait.js');
const { PREFIX } = require('../../support/admin-and-workers.js');
const { trackedFlow, trackedOn } = require('../../support/tracked.js');

const DEADLINE = 30_000;

/** The variables of a tab with that placement. */
const placed = (value) => (value === undefined ? {} : { env: [{ name: 'CLUSTER_PLACEMENT', value, type: 'str' }] });

/** A tab `<name>` with that placement, and the node `in-<name>` on it. */
const tab = (name, value) => trackedFlow({ [`in-${name}`]: { value: '1' } }, { tab: name, ...placed(value) });

/** `GET /count` answers with how often it was asked, from the context of its flow. */
const BESIDE = [
  { id: 'beside', type: 'tab', label: 'beside' },
  {
    id: 'beside-in',
    type: 'http in',
    z: 'beside',
    url: '/count',
    method: 'get',
    x: 1,
    y: 1,
    wires: [['beside-count']]
  },
  {
    id: 'beside-count',
    type: 'function',
    z: 'beside',
    func: "const count = (flow.get('count') || 0) + 1; flow.set('count', count); msg.payload = String(count); return msg;",
    outputs: 1,
    x: 2,
    y: 1,
    wires: [['beside-out']]
  },
  { id: 'beside-out', type: 'http response', z: 'beside', x: 3, y: 1, wires: [] }
];

/** Waits until exactly these tabs run on the instance, by the names that `tab` was given. */
async function untilRuns(instance, names, deadline = DEADLINE) {
  const wanted = names.map((name) => `in-${name}`).sort();
  let found;
  await until(
    async () => {
      found = Object.keys(await trackedOn(instance)).sort();
      return isDeepStrictEqual(found, wanted);
    },
    { deadline, message: () => `${wanted} (found ${found}); the log ends:\n${instance.tail()}` }
  );
}

/**
 * Asks each instance for its count again and again; `end()` waits for the answers, and fails if one was missing or not
 * the next number.
 */
function askAllTheTime(instances) {
  let isOver = false;
  const asking = instances.map(async (instance) => {
    let last = 0;
    let answers = 0;
    while (!isOver) {
      const { status, text } = await instance.http('/count', { deadline: 5000 });
      assert.equal(status, 200, `an answer of ${instance.options.role}`);
      assert.ok(last === 0 || Number(text) === last + 1, `${text} after ${last}`);
      last = Number(text);
      answers += 1;
    }
    assert.ok(answers > 0, `${answers} answers`);
  });
  // One that fails is told by `end`.
  asking.forEach((each) => each.catch(() => {}));
  return {
    async end() {
      isOver = true;
      await Promise.all(asking);
    }
  };
}

/** What the editor, the API, the disk and the server have is what was deployed, and not a trace more. */
async function assertNoTrace({ flows, admin, workers, client }) {
  assert.deepEqual((await admin.getFlows()).flows, flows);
  const file = path.join(admin.userDir, 'flows.json');
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')), flows);
  assert.deepEqual(JSON.parse(await client.get(`${PREFIX}flows`)), flows);
  const wanted = flows.filter(({ type }) => type === 'tab').map(({ id, disabled, env }) => [id, disabled, env]);
  for (const instance of [admin, ...workers]) {
    let told;
    await until(
      async () => {
        const answers = await Promise.all(wanted.map(([id]) => instance.admin(`/flow/${id}`).catch((error) => error)));
        told = answers.map((answer) => answer.json?.()).map((flow) => [flow?.id, flow?.disabled, flow?.env]);
        return isDeepStrictEqual(told, wanted);
      },
      { deadline: DEADLINE, message: () => `${JSON.stringify(wanted)} (told ${JSON.stringify(told)})` }
    );
  }
}

module.exports = { BESIDE, DEADLINE, askAllTheTime, assertNoTrace, placed, tab, untilRuns };
