'use strict';

// A Project's automatic commit fails after the files were written: Node-RED answers with an error
// and goes on with what it ran. What is mirrored is what it runs.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createMirror } = require('../../lib/admin/mirror');
const { createSaving } = require('../../lib/admin/saving');
const { createAdminDisk } = require('./support/admin-disk');

const flowsOf = (whose) => [{ id: whose, type: 'tab' }];
const credentialsOf = (whose) => ({ [whose]: { token: whose } });

/** An admin after the deploy `first`; `sent`: the pairs that Valkey was given. */
async function afterDeploy() {
  const { disk, files, local, log, secrets } = createAdminDisk();
  const sent = [];
  const deploy = async (flows, credentials) => {
    sent.push([JSON.parse(flows)[0].id, Object.keys(JSON.parse(credentials))[0]]);
    return { done: true };
  };
  const core = { deploy, background: { deploy } };
  const mirror = createMirror({ core, files, secrets, log, beforeSend() {}, async onEqual() {} });
  const nothing = async () => {};
  const saving = createSaving({
    local,
    files,
    flowFile: { remember: nothing },
    secrets,
    journal: { begin: nothing, end: nothing, undo: () => assert.fail('the flows are on disk') },
    mirror,
    loading: { ready: nothing },
    restoring: { ready: nothing, forget: nothing },
    refused: { begin() {}, end() {}, waits: () => false },
    log
  });
  const saveFlows = local.saveFlows;
  const failAfterWriting = (fails) => {
    local.saveFlows = async (flows) => {
      await saveFlows(flows);
      if (fails) {
        throw new Error('the commit failed');
      }
    };
  };
  /** As Node-RED hands both over. */
  const save = async (whose, withCredentials = true) => {
    if (withCredentials) {
      await saving.credentials(credentialsOf(whose));
    }
    return saving.flows(flowsOf(whose));
  };
  await save('first');
  return { disk, failAfterWriting, mirror, save, saving, sent };
}

test('nothing of it is mirrored, and nothing torn with what is saved next', async () => {
  const { disk, failAfterWriting, save, saving, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [['first', 'first']]);
  assert.deepEqual(disk.json('flows.json'), flowsOf('second'));

  await saving.credentials(credentialsOf('alone'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent.slice(1), [['first', 'alone']], 'the flows that run');
});

test('the next deploy has the credentials that Node-RED takes for saved', async () => {
  const { failAfterWriting, save, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  failAfterWriting(false);
  await save('third', false);
  assert.deepEqual(sent.slice(1), [['third', 'second']]);
});

test('what is loaded then is mirrored', async () => {
  const { failAfterWriting, mirror, save, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  mirror.mirrorLoaded({ flows: flowsOf('second'), credentials: credentialsOf('second'), mirror: true });
  assert.deepEqual(sent.slice(1), [['second', 'second']]);
});
