'use strict';

// What a disk had lost at a start while Valkey was away: put back once Valkey can be asked, unless
// something was deployed meanwhile. In the middle of a deploy: restoring-during-deploy.test.js.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { encrypt } = require('../../lib/flows/credentials');
const { createAdminParts } = require('./support/admin-parts');
const { CREDENTIALS, FLOWS, OWN, SHARED, flowsOf, onDisk, plainOf, storedAs } = require('./support/loading');

const RECORD = path.join('.node-red-storage-valkey', 'lost.json');
const ALL = { flows: true, credentials: true, fresh: true, usable: false };
const VALKEY = { flows: 'Valkey', credentials: 'Valkey' };
const LOADED_IN_PLACE = { flows: flowsOf('backup'), credentials: encrypt(OWN, plainOf('backup')) };

/** An admin whose start had to do without `lost`; Valkey is back, and holds `stored`. */
async function create(lost, stored, { started = true, ...given } = {}) {
  const admin = createAdminParts(given);
  if (lost?.flows) {
    for (const name of [FLOWS, CREDENTIALS]) {
      fs.rmSync(admin.disk.path(name));
    }
  }
  admin.core.restorable = stored;
  const pair = { ...LOADED_IN_PLACE, mirror: false, lost };
  await admin.restoring.consider(pair);
  if (started) {
    admin.start();
  }
  return { ...admin, pair };
}

test('nothing was lost: nothing is told, restored or loaded', async () => {
  const { core, disk, loads, pair, restoring } = await create(null, storedAs('Valkey'));
  assert.deepEqual(pair.lost, null);
  await restoring.restore();
  assert.deepEqual([core.told, core.sent, loads], [[], [], []]);
  assert.deepEqual(onDisk(disk), { flows: 'disk', credentials: 'disk' });
});

for (const safeMode of [undefined, true]) {
  test(`flows and credentials are put on the disk and loaded${safeMode ? ', and safe mode stays' : ''}`, async () => {
    const { core, disk, lines, loads, restoring, runtime, stored } = await create(ALL, storedAs('Valkey'));
    runtime.settings.safeMode = safeMode;
    await restoring.restore();
    assert.equal(stored._credentialSecret, SHARED, 'and with them the secret');
    assert.equal(disk.json(FLOWS)[0].id, 'Valkey');
    assert.deepEqual(disk.json(CREDENTIALS), JSON.parse(core.restorable.credentials));
    assert.deepEqual(loads, [!safeMode]);
    assert.deepEqual(core.told, [
      ['diskHasLost', true],
      ['restored', true]
    ]);
    assert.deepEqual(core.sent, [], 'what is loaded is mirrored, and nothing before');
    assert.ok(!disk.has(RECORD));
    assert.deepEqual(lines, ['warn: Valkey is back: flows and credentials were restored from it (revision 7)']);
    await restoring.restore();
    assert.equal(loads.length, 1);
  });
}

test('with a secret of settings.js the credentials are encrypted with it', async () => {
  const { disk, restoring } = await create(ALL, storedAs('Valkey'), {
    stored: {},
    settings: { credentialSecret: OWN }
  });
  await restoring.restore();
  assert.deepEqual(onDisk(disk), VALKEY);
});

test('credentials alone are put beside the flows of the disk', async () => {
  const lost = { flows: false, credentials: true, fresh: false, usable: true };
  const { core, disk, lines, loads, restoring } = await create(lost, storedAs('Valkey', { secret: OWN }));
  await restoring.restore();
  assert.deepEqual(onDisk(disk), { flows: 'disk', credentials: 'Valkey' });
  assert.deepEqual(core.told, [
    ['diskHasLost', false],
    ['restored', true]
  ]);
  assert.equal(loads.length, 1);
  assert.match(lines.join('\n'), /^warn: Valkey is back: credentials were restored from it/);
});

for (const [what, stored] of [
  ['has none either', storedAs('Valkey', { credentials: {} })],
  ['has those of a Project', storedAs('Valkey', { project: 'shop' })]
]) {
  test(`lost credentials, and Valkey ${what}: what runs in their place is mirrored`, async () => {
    const lost = { flows: false, credentials: true, fresh: false, usable: true };
    const { core, disk, loads, restoring } = await create(lost, stored);
    await restoring.restore();
    assert.deepEqual(onDisk(disk).credentials, 'disk');
    assert.deepEqual(core.sent, [{ flows: 'backup', credentials: 'backup', secret: OWN }]);
    assert.deepEqual(loads, []);
  });
}

test('the secret alone is taken over when it decrypts what is on the disk', async () => {
  const lost = { flows: false, credentials: false, fresh: false, usable: true };
  const { pair, restoring, stored, loads, core } = await create(null, storedAs('Valkey'));
  await restoring.consider(Object.assign(pair, { lost, credentials: encrypt(SHARED, plainOf('disk')) }));
  await restoring.restore();
  assert.equal(stored._credentialSecret, SHARED);
  assert.deepEqual(loads, [true]);
  assert.deepEqual(core.told.at(-1), ['restored', true]);
});

test('Valkey holds nothing: what runs in place of what was lost is mirrored, if it is of any use', async () => {
  for (const usable of [true, false]) {
    const { core, disk, loads, restoring } = await create({ ...ALL, fresh: false, usable }, null);
    await restoring.restore();
    assert.deepEqual(core.sent, usable ? [{ flows: 'backup', credentials: 'backup', secret: OWN }] : []);
    assert.deepEqual(loads, []);
    assert.ok(!disk.has(RECORD), 'it has been asked');
  }
});

test('what was deployed before Valkey was back is not overwritten', async () => {
  const { core, disk, loads, restoring, saving } = await create(ALL, storedAs('Valkey'));
  core.answer = { done: false, away: 'no connection' };
  await saving.credentials(encrypt(OWN, plainOf('new')));
  await saving.flows(flowsOf('new'));
  await restoring.restore();
  assert.deepEqual(onDisk(disk), { flows: 'new', credentials: 'new' });
  assert.deepEqual(loads, []);
  assert.deepEqual(core.told, [['diskHasLost', true]], 'so that it keeps what it holds in a backup');
});

test('credentials that are lost after such a deploy do not come from Valkey: those there are older', async () => {
  for (const usable of [true, false]) {
    const admin = await create(ALL, storedAs('Valkey'));
    const { core, disk, loads, mirror, restoring, saving } = admin;
    core.answer = { done: false, away: 'no connection' };
    await saving.credentials(encrypt(OWN, plainOf('new')));
    await saving.flows(flowsOf('new'));
    const sent = core.sent.length;
    // The next start, or a load: Valkey is away still, and the credentials have gone as well.
    const lost = { flows: false, credentials: true, fresh: false, usable };
    const pair = { flows: flowsOf('new'), credentials: {}, mirror: false, lost };
    await restoring.consider(pair);
    mirror.mirrorLoaded(pair);
    await restoring.restore();
    assert.deepEqual(onDisk(disk).flows, 'new');
    assert.deepEqual(onDisk(disk).credentials, 'new', 'nothing was written');
    assert.deepEqual(loads, []);
    assert.equal(core.sent.length - sent, usable ? 1 : 0, 'what runs is mirrored, if it is of any use');
    assert.deepEqual(core.told.at(-1), ['diskHasLost', true], 'so that what Valkey holds is kept in a backup');
    assert.equal(disk.json(RECORD).replaced, true);
    // And the same at the start after that.
    const again = { flows: flowsOf('new'), credentials: {}, mirror: true, lost: null };
    await restoring.consider(again);
    assert.equal(again.mirror, true);
  }
});

test('a load that comes meanwhile decides anew what is lost', async () => {
  const { core, local, loads, pair, restoring, record } = await create(ALL, storedAs('Valkey'));
  const { saveFlows } = local;
  local.saveFlows = async (flows) => {
    await record.end();
    await restoring.consider(Object.assign(pair, { lost: null }));
    return saveFlows(flows);
  };
  await restoring.restore();
  assert.deepEqual(loads, []);
  assert.deepEqual(core.told, [['diskHasLost', true]]);
});

test('a disk that refuses is told to the core, and tried again', async () => {
  const { core, disk, local, loads, restoring } = await create(ALL, storedAs('Valkey'));
  local.failing.saveFlows = new Error('no space');
  await assert.rejects(
    restoring.restore(),
    /^Error: no space; what Valkey holds is not on this disk yet, trying again$/
  );
  assert.deepEqual(core.told.at(-1), ['restored', false]);
  assert.ok(disk.has(RECORD));
  assert.deepEqual(loads, []);
  local.failing.saveFlows = undefined;
  await restoring.restore();
  assert.deepEqual(core.told.at(-1), ['restored', true]);
  assert.equal(disk.json(FLOWS)[0].id, 'Valkey');
});

test('flows that can not be loaded are on the disk, and told', async () => {
  const { core, disk, lines, restoring, runtime } = await create(ALL, storedAs('Valkey'));
  runtime.nodes.loadFlows = async () => {
    throw new Error('not today');
  };
  await restoring.restore();
  assert.equal(lines.at(-1), "error: what was restored can't be loaded: not today");
  assert.deepEqual(core.told.at(-1), ['restored', true]);
  assert.equal(disk.json(FLOWS)[0].id, 'Valkey');
});

test("nothing is put back beside Node-RED's own first load, and one attempt follows the other", async () => {
  const { disk, local, loads, restoring, start } = await create(ALL, storedAs('Valkey'), { started: false });
  const attempts = Promise.all([restoring.restore(), restoring.restore()]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(local.calls, []);
  start();
  await attempts;
  assert.equal(disk.json(FLOWS)[0].id, 'Valkey');
  assert.equal(loads.length, 1);
});

/** The next start, on the same disk, from which nothing is missing to look at. */
async function nextStart({ disk, restoring }, change = () => {}) {
  change(disk);
  const pair = { ...LOADED_IN_PLACE, mirror: true, lost: null };
  await restoring.consider(pair);
  return pair;
}

test('over a restart, what came from a backup is not mirrored before Valkey has been asked', async () => {
  const admin = await create({ ...ALL, fresh: false, usable: true }, storedAs('Valkey', { secret: OWN }));
  const pair = await nextStart(admin);
  assert.equal(pair.mirror, false);
  assert.deepEqual(admin.core.told.at(-1), ['diskHasLost', true]);
  await admin.restoring.restore();
  assert.deepEqual(onDisk(admin.disk), VALKEY);
});

test('over a restart with edited flows, those count, and Valkey keeps what it holds', async () => {
  const admin = await create({ ...ALL, fresh: false, usable: true }, storedAs('Valkey'));
  const pair = await nextStart(admin, (disk) => disk.write(FLOWS, flowsOf('edited')));
  assert.equal(pair.mirror, true);
  assert.deepEqual(admin.core.told.at(-1), ['diskHasLost', true]);
  await admin.restoring.restore();
  assert.equal(admin.disk.json(FLOWS)[0].id, 'edited');
});

const LOST_CREDENTIALS = { flows: false, credentials: true, fresh: false, usable: true };
const LOST_SECRET = { flows: false, credentials: false, fresh: false, usable: true };

/** The next start, which finds that something is lost as well. */
async function nextLoss({ restoring }, lost, credentials = {}) {
  const pair = { flows: flowsOf('edited'), credentials, mirror: false, lost };
  await restoring.consider(pair);
  return pair;
}

for (const [what, lost] of [
  ['lost still', LOST_CREDENTIALS],
  ['there from a backup', null]
]) {
  test(`credentials are put beside flows that were edited since, as with Valkey at hand: ${what}`, async () => {
    const admin = await create(LOST_CREDENTIALS, storedAs('Valkey', { secret: OWN }));
    admin.disk.write(FLOWS, flowsOf('edited'));
    const pair = await nextLoss(admin, lost);
    assert.equal(pair.mirror, false);
    await admin.restoring.restore();
    assert.deepEqual(onDisk(admin.disk), { flows: 'edited', credentials: 'Valkey' });
    assert.equal(admin.loads.length, 1);
    assert.deepEqual(admin.core.told.at(-1), ['restored', true]);
  });
}

test('beside edited flows in place of lost ones as well, and the flows in Valkey are kept in a backup', async () => {
  const admin = await create({ ...ALL, fresh: false, usable: true }, storedAs('Valkey', { secret: OWN }));
  admin.disk.write(FLOWS, flowsOf('edited'));
  await nextLoss(admin, LOST_CREDENTIALS);
  await admin.restoring.restore();
  assert.deepEqual(onDisk(admin.disk), { flows: 'edited', credentials: 'Valkey' });
  assert.deepEqual(admin.core.told.at(-1), ['diskHasLost', true]);
  assert.equal(admin.disk.json(RECORD).flows, true, 'known until the flows are in Valkey');
});

test('flows that were lost first are put back with credentials that are lost after them', async () => {
  const admin = await create({ ...ALL, fresh: false, usable: true }, storedAs('Valkey', { secret: OWN }));
  await nextLoss(admin, LOST_CREDENTIALS);
  await admin.restoring.restore();
  assert.deepEqual(onDisk(admin.disk), VALKEY);
  assert.deepEqual(admin.core.told.at(-1), ['restored', true]);
});

test('a secret that is lost after a deploy is taken over, and Valkey keeps what it holds', async () => {
  const admin = await create(ALL, storedAs('Valkey'));
  const { core, disk, loads, restoring, saving, stored } = admin;
  core.answer = { done: false, away: 'no connection' };
  await saving.credentials(encrypt(OWN, plainOf('new')));
  await saving.flows(flowsOf('new'));
  await nextLoss(admin, LOST_SECRET, encrypt(SHARED, plainOf('new')));
  await restoring.restore();
  assert.equal(stored._credentialSecret, SHARED);
  assert.equal(disk.json(FLOWS)[0].id, 'new');
  assert.deepEqual(loads, [true]);
  assert.deepEqual(core.told.at(-1), ['diskHasLost', true]);
  assert.equal(disk.json(RECORD).replaced, true);
});

/** Node-RED's own settings, as far as they are restored. */
function withSettings(runtime) {
  const users = { ada: { own: true } };
  const disabled = [];
  Object.assign(runtime.settings, {
    getUserSettings: (user) => users[user],
    async setUserSettings(user, settings) {
      users[user] = settings;
    }
  });
  runtime.nodes.disableNode = async (id) => {
    disabled.push(id);
    if (id === 'gone/set') {
      throw new Error('unrecognised id');
    }
  };
  return { users, disabled };
}

const SETTINGS = {
  _credentialSecret: SHARED,
  users: { ada: { theirs: true }, bob: { theirs: true } },
  nodes: {
    a: { nodes: { on: { enabled: true }, off: { enabled: false } } },
    gone: { nodes: { set: { enabled: false } } },
    b: { nodes: { off: { enabled: false } } }
  }
};

test('a fresh disk takes the shared settings too, but none in place of its own', async () => {
  const stored = { ...storedAs('Valkey'), settings: JSON.stringify(SETTINGS) };
  const { restoring, runtime, loads } = await create(ALL, stored);
  const { users, disabled } = withSettings(runtime);
  await restoring.restore();
  assert.deepEqual(users, { ada: { own: true }, bob: { theirs: true } });
  assert.deepEqual(disabled, ['a/off', 'gone/set', 'b/off']);
  assert.equal(loads.length, 1);
});

test('a disk that has its settings keeps them', async () => {
  const stored = { ...storedAs('Valkey'), settings: JSON.stringify(SETTINGS) };
  const { restoring, runtime } = await create({ ...ALL, fresh: false }, stored);
  const { users, disabled } = withSettings(runtime);
  await restoring.restore();
  assert.deepEqual([users, disabled], [{ ada: { own: true } }, []]);
});

for (const settings of [
  { users: 'text', nodes: { a: null } },
  { users: { bob: null }, nodes: { a: { nodes: { b: null } } } }
]) {
  test(`settings of any shape are no harm: ${JSON.stringify(settings)}`, async () => {
    const stored = { ...storedAs('Valkey'), settings: JSON.stringify({ ...settings, _credentialSecret: SHARED }) };
    const { disk, lines, restoring, runtime } = await create(ALL, stored);
    withSettings(runtime);
    await restoring.restore();
    assert.equal(disk.json(FLOWS)[0].id, 'Valkey');
    assert.match(lines[0], /^warn: settings were not restored: /);
  });
}
