'use strict';

// What an admin with an active Project loads, and what it may take from Valkey.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { encrypt } = require('../../lib/flows/credentials');
const { DAMAGE } = require('../support/damage');
const {
  CREDENTIALS,
  FLOWS,
  OWN,
  WHOLE,
  create,
  flowsOf,
  holds,
  isAway,
  isEmpty,
  plainOf,
  storedAs
} = require('./support/loading');

const inProject = (name) => `projects/shop/${name}`;
const MANIFEST = { 'node-red': { settings: { flowFile: 'flow.json', credentialsFile: 'cred.json' } } };

/** A user directory with an active Project beside the files of no Project. */
function createShop() {
  const project = { name: 'shop', credentialSecret: OWN };
  const admin = create({ project });
  const { disk } = admin;
  project.files = { flows: disk.path(inProject('flow.json')), credentials: disk.path(inProject('cred.json')) };
  disk.write(inProject('package.json'), MANIFEST);
  disk.write(inProject('flow.json'), flowsOf('shop'));
  disk.write(inProject('cred.json'), encrypt(OWN, plainOf('shop')));
  return admin;
}

test('Projects whose files are whole are loaded and mirrored', async () => {
  const { load } = createShop();
  assert.deepEqual(await load(isAway), { flows: 'shop', credentials: 'shop', ...WHOLE });
});

test('Projects whose flows are damaged are restored from what Valkey holds of the same Project', async () => {
  const { disk, load, local } = createShop();
  disk.write(inProject('flow.json'), '[{"cut');
  const pair = await load(holds(storedAs('Valkey', { project: 'shop' })));
  assert.deepEqual(pair, { flows: 'Valkey', credentials: 'Valkey', ...WHOLE });
  assert.deepEqual(disk.json(inProject('flow.json')), flowsOf('Valkey'));
  assert.deepEqual(disk.json(FLOWS), flowsOf('disk'), 'the files of no Project are none of its business');
  const firstSave = local.calls.findIndex((call) => call.startsWith('save'));
  assert.ok(local.calls.indexOf('getFlows') < firstSave, 'it is loaded before it is written to');
});

for (const project of [undefined, 'another']) {
  test(`Projects take nothing of ${project ? 'another one' : 'no Project'}`, async () => {
    const { disk, load } = createShop();
    disk.write(inProject('flow.json'), '[{"cut');
    const pair = await load(holds(storedAs('Valkey', { project })));
    assert.deepEqual([pair.flows, pair.mirror, pair.lost], [undefined, false, null]);
  });
}

test('a fresh disk takes what Valkey holds of any Project, as the default flow file', async () => {
  const { disk, load } = create({ backups: false });
  DAMAGE.missing.inflict(disk.path(FLOWS));
  DAMAGE.missing.inflict(disk.path(CREDENTIALS));
  const pair = await load(holds(storedAs('Valkey', { project: 'shop' })));
  assert.deepEqual(pair, { flows: 'Valkey', credentials: 'Valkey', ...WHOLE });
});

test('a disk whose flows are broken takes nothing of a Project', async () => {
  const { disk, load } = create({ backups: false });
  disk.write(FLOWS, '[{"cut');
  assert.equal((await load(holds(storedAs('Valkey', { project: 'shop' })))).mirror, false);
});

test('Projects that are switched to may have no flow file yet: nothing is restored or mirrored', async () => {
  const { disk, load, lines, local, asked } = createShop();
  await local.getFlows();
  DAMAGE.missing.inflict(disk.path(inProject('flow.json')));
  const pair = await load(holds(storedAs('Valkey', { project: 'shop' })), { first: false });
  assert.deepEqual([pair.flows, pair.mirror, pair.lost], [undefined, false, null]);
  assert.deepEqual([lines, asked], [[], []]);
});

test("Projects that Node-RED refuses to load are refused with Node-RED's own error", async () => {
  const { load, local } = createShop();
  local.failing.getFlows = Object.assign(new Error('unmerged changes'), { code: 'git_merge_conflict' });
  await assert.rejects(load(isEmpty), { code: 'git_merge_conflict' });
});

test('Projects whose files nobody can tell before they are loaded are mirrored when they were read', async () => {
  const { disk, load } = createShop();
  disk.write(inProject('package.json'), '{');
  assert.deepEqual(await load(isEmpty), { flows: 'shop', credentials: 'shop', ...WHOLE });
});
