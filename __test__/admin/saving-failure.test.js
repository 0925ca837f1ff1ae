'use strict';

// A Project's automatic commit fails after the files were written: Node-RED answers with an error
// and goes on with what it ran. What is mirrored is what it runs.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { until } = require('../support/wait');
const { createAdminParts } = require('./support/admin-parts');
const { flowsOf, plainOf } = require('./support/loading');

/** An admin after the deploy `first`; `sent`: the pairs that Valkey was given. */
async function afterDeploy() {
  const { core, disk, journal, local, mirror, saving } = createAdminParts({ stored: {} });
  journal.undo = () => assert.fail('the flows are on disk');
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
      await saving.credentials(plainOf(whose));
    }
    return saving.flows(flowsOf(whose));
  };
  await save('first');
  const sent = () => core.sent.map(({ flows, credentials }) => [flows, credentials]);
  return { disk, failAfterWriting, mirror, save, saving, sent };
}

test('nothing of it is mirrored, and nothing torn with what is saved next', async () => {
  const { disk, failAfterWriting, save, saving, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent(), [['first', 'first']]);
  assert.deepEqual(disk.json('flows.json'), flowsOf('second'));

  await saving.credentials(plainOf('alone'));
  await until(() => sent().length === 2, { message: 'the credentials in Valkey' });
  assert.deepEqual(sent().slice(1), [['first', 'alone']], 'the flows that run');
});

test('the next deploy has the credentials that Node-RED takes for saved', async () => {
  const { failAfterWriting, save, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  failAfterWriting(false);
  await save('third', false);
  assert.deepEqual(sent().slice(1), [['third', 'second']]);
});

test('what is loaded then is mirrored', async () => {
  const { failAfterWriting, mirror, save, sent } = await afterDeploy();
  failAfterWriting(true);
  await assert.rejects(save('second'), /the commit failed/);
  mirror.mirrorLoaded({ flows: flowsOf('second'), credentials: plainOf('second'), mirror: true });
  assert.deepEqual(sent().slice(1), [['second', 'second']]);
});
