'use strict';

// A deploy through the API while Node-RED still loads: what the load began to read is older, and
// must neither run in its place nor take its place on the disk.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createMirror } = require('../../lib/admin/mirror');
const { createRefusedDeploy } = require('../../lib/admin/refused-deploy');
const { createSaving } = require('../../lib/admin/saving');
const { createTwoStepLoad } = require('../../lib/admin/two-step-load');
const { createWrittenFlows } = require('../../lib/admin/written-flows');
const { FLOWS, create, flowsOf, onDisk, plainOf, storedAs, whose } = require('./support/loading');

/** An admin at its start; `answer` settles what Valkey is asked for; `sent` says whose flows it was given. */
function start() {
  const { disk, files, loading, local, log, notices, secrets } = create({ backups: false });
  const sent = [];
  const deploy = async (flows) => {
    sent.push(JSON.parse(flows)[0].id);
    return { done: true };
  };
  const core = { mirrorDeploy: deploy, background: { mirrorDeploy: deploy } };
  const nothing = async () => {};
  const mirror = createMirror({ core, files, secrets, notices, log, beforeSend() {}, async onEqual() {} });
  const refused = createRefusedDeploy({ core, runtime: {}, watch: {}, notices, log });
  const restoring = { ready: nothing, forget: nothing, consider: nothing };
  const journal = { begin: nothing, end: nothing };
  const flowFile = { remember: nothing };
  const saving = createSaving({
    local,
    written: createWrittenFlows({ local, writer: null }),
    files,
    flowFile,
    secrets,
    journal,
    loading,
    mirror,
    restoring,
    refused,
    notices,
    history: { deploying() {} },
    log
  });
  let answer;
  let asked;
  const isAsked = new Promise((resolve) => {
    asked = resolve;
  });
  const answered = new Promise((resolve, reject) => {
    answer = { holds: resolve, isAway: () => reject(new Error('away')) };
  });
  const stored = {
    fetch() {
      asked();
      return answered;
    }
  };
  const load = createTwoStepLoad({
    local,
    files,
    loading,
    stored,
    settingsFiles: { projectIsUnknown: () => false },
    restoring,
    saving,
    refused,
    mirror,
    packageChanges: { noteChange() {} },
    notices,
    log
  });
  /** As Node-RED saves them: credentials only when they have changed. */
  const deployed = async (name, { withCredentials = true } = {}) => {
    if (withCredentials) {
      await refused.beside(() => saving.credentials(plainOf(name)));
    }
    await refused.beside(() => saving.flows(flowsOf(name)));
  };
  const loaded = async () => {
    const flows = await load.flows();
    return { flows: flows[0]?.id, credentials: whose(await load.credentials()) };
  };
  return { answer, deployed, disk, isAsked, loaded, local, sent };
}

const DEPLOYED = { flows: 'deployed', credentials: 'deployed' };

for (const [what, tell] of [
  ['holds an older one', (answer) => answer.holds(storedAs('Valkey'))],
  ['holds none', (answer) => answer.holds(null)],
  ['is away', (answer) => answer.isAway()]
]) {
  test(`while Valkey is asked for what the disk has lost, and ${what}: the deploy runs`, async () => {
    const { answer, deployed, disk, isAsked, loaded, sent } = start();
    disk.write(FLOWS, '[{"cut');
    const loading = loaded();
    await isAsked;
    await deployed('deployed');
    tell(answer);
    assert.deepEqual(await loading, DEPLOYED);
    assert.deepEqual(onDisk(disk), DEPLOYED);
    assert.deepEqual([...new Set(sent)], ['deployed']);
  });
}

test('while what was lost is being written: the deploy comes after it', async () => {
  const { answer, deployed, disk, loaded, local } = start();
  disk.write(FLOWS, '[{"cut');
  let saved;
  const saveFlows = local.saveFlows;
  local.saveFlows = async (flows) => {
    local.saveFlows = saveFlows;
    saved = deployed('deployed');
    // It waits, or else it is over by then.
    await Promise.race([saved, new Promise((resolve) => setTimeout(resolve, 100))]);
    await saveFlows(flows);
  };
  answer.holds(storedAs('Valkey'));
  assert.deepEqual(await loaded(), DEPLOYED);
  await saved;
  assert.deepEqual(onDisk(disk), DEPLOYED);
});

test('while a whole disk is read: the deploy runs, with the credentials that are there', async () => {
  const { deployed, loaded, local, sent } = start();
  const getFlows = local.getFlows;
  local.getFlows = async () => {
    local.getFlows = getFlows;
    const before = await getFlows();
    await deployed('deployed', { withCredentials: false });
    return before;
  };
  assert.deepEqual(await loaded(), { flows: 'deployed', credentials: 'disk' });
  assert.deepEqual([...new Set(sent)], ['deployed']);
});
