'use strict';

// A deploy while what the disk had lost is put back, in either order: the deploy is newer, and the
// two files on the disk belong together at the end.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');

const { encrypt } = require('../../lib/flows/credentials');
const { createAdminParts } = require('./support/admin-parts');
const { CREDENTIALS, FLOWS, OWN, flowsOf, onDisk, plainOf, storedAs } = require('./support/loading');

const NEW = { flows: 'new', credentials: 'new' };

/**
 * An admin whose disk has lost everything; Valkey is back, with credentials of the same secret. `deploy()`
 * saves as Node-RED does; `stopAt(name)` has the next call of local storage wait once it is asked to write.
 */
async function create({ lost = { flows: true, credentials: true, fresh: true, usable: false } } = {}) {
  const admin = createAdminParts();
  const { core, disk, local, refused, restoring, saving } = admin;
  for (const name of [FLOWS, CREDENTIALS]) {
    fs.rmSync(disk.path(name));
  }
  core.restorable = storedAs('Valkey', { secret: OWN });
  await restoring.consider({ flows: [], credentials: {}, mirror: false, lost });
  admin.start();

  const deploy = async () => {
    await refused.beside(() => saving.credentials(encrypt(OWN, plainOf('new'))));
    await refused.beside(() => saving.flows(flowsOf('new')));
  };
  const stopAt = (name) => {
    const write = local[name];
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    const reached = new Promise((resolve) => {
      local[name] = async (...given) => {
        local[name] = write;
        resolve();
        await released;
        return write(...given);
      };
    });
    return { reached, release };
  };
  return { ...admin, deploy, stopAt };
}

/** Long enough for what does not wait to be over. */
const settled = async (promise) =>
  Promise.race([
    promise.then(() => true),
    new Promise((resolve) => {
      setTimeout(resolve, 100, false);
    })
  ]);

for (const name of ['saveCredentials', 'saveFlows']) {
  test(`nothing is put back in the middle of a deploy, in ${name}`, async () => {
    const { core, deploy, disk, loads, restoring, stopAt } = await create();
    const { reached, release } = stopAt(name);
    const deployed = deploy();
    await reached;
    const restored = restoring.restore();
    assert.equal(await settled(restored), false, 'it waits');
    release();
    await Promise.all([deployed, restored]);
    assert.deepEqual(onDisk(disk), NEW);
    assert.deepEqual(loads, [], 'what was deployed runs');
    assert.deepEqual(core.sent, [{ ...NEW, secret: OWN }]);
    assert.deepEqual(core.told, [['diskHasLost', true]], 'so that it keeps what it holds in a backup');
  });
}

test('nor between the credentials of a deploy and its flows', async () => {
  const { disk, loads, local, refused, restoring, saving } = await create();
  const { saveFlows } = local;
  await refused.beside(() => saving.credentials(encrypt(OWN, plainOf('new'))));
  const restored = restoring.restore();
  local.saveFlows = async (flows) => {
    assert.equal(await settled(restored), false, 'it waits');
    return saveFlows(flows);
  };
  await refused.beside(() => saving.flows(flowsOf('new')));
  await restored;
  assert.deepEqual(onDisk(disk), NEW);
  assert.deepEqual(loads, []);
});

test('a deploy that the disk refuses is no reason not to put back what was lost', async () => {
  const { core, deploy, disk, loads, local, restoring, stopAt } = await create();
  const { reached, release } = stopAt('saveFlows');
  const deployed = assert.rejects(deploy(), /no space/);
  await reached;
  const restored = restoring.restore();
  local.failing.saveFlows = new Error('no space');
  release();
  await deployed;
  local.failing.saveFlows = undefined;
  await restored;
  assert.deepEqual(onDisk(disk), { flows: 'Valkey', credentials: 'Valkey' });
  assert.equal(loads.length, 1);
  assert.deepEqual(core.told.at(-1), ['restored', true]);
});

test('what Valkey does not have is not mirrored over a deploy either', async () => {
  const { core, deploy, restoring, stopAt } = await create({
    lost: { flows: true, credentials: true, fresh: false, usable: true }
  });
  core.restorable = null;
  const { reached, release } = stopAt('saveFlows');
  const deployed = deploy();
  await reached;
  const restored = restoring.restore();
  assert.equal(await settled(restored), false, 'it waits');
  release();
  await Promise.all([deployed, restored]);
  assert.deepEqual(core.sent, [{ ...NEW, secret: OWN }]);
});

test('what is deployed while it is put back comes after it', async () => {
  const { deploy, disk, loads, restoring, stopAt } = await create();
  const { reached, release } = stopAt('saveFlows');
  const restored = restoring.restore();
  await reached;
  const deployed = deploy();
  assert.equal(await settled(deployed), false, 'it waits');
  release();
  await Promise.all([deployed, restored]);
  assert.deepEqual(onDisk(disk), NEW);
  assert.equal(loads.length, 1);
});
