'use strict';

// Flows that no Node-RED would come through: a deploy of them is answered with an error and leaves
// nothing behind; those on the disk are loaded, and not mirrored.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createJournal } = require('../../lib/admin/journal');
const { createMirror } = require('../../lib/admin/mirror');
const { mayBeMirrored, refuseSpoiling, refuseUnrunnable } = require('../../lib/admin/runnable');
const { createSaving } = require('../../lib/admin/saving');
const { createWrittenFlows } = require('../../lib/admin/written-flows');
const { createAdminDisk } = require('./support/admin-disk');

const FINE = [{ id: 'tab', type: 'tab', label: 'T' }];
const ENDLESS = [...FINE, { id: 'g', type: 'group', z: 'tab', g: 'g' }];

function createParts() {
  const parts = createAdminDisk();
  const { disk, files, local, log, notices, secrets } = parts;
  const sent = [];
  const deploy = async (...pair) => {
    sent.push(pair.slice(0, 2));
    return { done: true };
  };
  const core = { mirrorDeploy: deploy, background: { mirrorDeploy: deploy } };
  const nothing = async () => {};
  const mirror = createMirror({ core, files, secrets, notices, log, beforeSend() {}, async onEqual() {} });
  const saving = createSaving({
    local,
    written: createWrittenFlows({ local, writer: null }),
    files,
    flowFile: { remember: nothing },
    secrets,
    journal: createJournal(disk.dir, log),
    mirror,
    loading: { ready: nothing },
    restoring: { ready: nothing, forget: nothing },
    refused: { begin() {}, end() {}, waits: () => false },
    notices,
    history: { deploying() {} },
    log
  });
  return { ...parts, mirror, saving, sent };
}

test('a deploy that can not be run is answered with an error, and leaves nothing behind', async () => {
  const { disk, lines, saving, sent } = createParts();
  await saving.credentials({ tab: { token: 'first' } });
  await saving.flows(FINE);
  const before = [disk.text('flows.json'), disk.text('flows_cred.json')];

  await saving.credentials({ g: { token: 'second' } });
  await assert.rejects(saving.flows(ENDLESS), {
    code: 'ERR_VALKEY_FLOWS',
    message: /^Node-RED can't run these flows: node 'g' \(group\) in tab 'T' .*Nothing was saved/
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([disk.text('flows.json'), disk.text('flows_cred.json')], before);
  assert.equal(sent.length, 1);
  assert.match(lines.join('\n'), /error.*Node-RED can't run these flows: node 'g'/);

  // Node-RED takes those credentials for saved, and does not hand them over again.
  await saving.flows(FINE);
  assert.deepEqual(sent.at(-1).map(JSON.parse), [FINE, { g: { token: 'second' } }]);
});

test('flows on the disk that can not be run are not mirrored, and log and editor say so', async () => {
  const parts = createParts();
  const { lines, saving, shown } = parts;
  assert.equal(mayBeMirrored(ENDLESS, parts), false);
  const told = /can't run the flows on this disk: node 'g'.*workers keep what they run/;
  assert.match(lines.join('\n'), told);
  assert.match(shown.get('held'), told);
  // Until others are loaded or deployed.
  assert.equal(mayBeMirrored(FINE, parts), true);
  assert.deepEqual([...shown], []);
  mayBeMirrored(ENDLESS, parts);
  await saving.flows(FINE);
  assert.deepEqual([...shown], []);
});

test('whatever else is odd about flows is no reason', () => {
  const parts = createAdminDisk();
  const { lines, log } = parts;
  const flows = [...FINE, { type: 'inject', z: 'tab', wires: null }];
  refuseUnrunnable(flows, log);
  assert.equal(mayBeMirrored(flows, parts), true);
  assert.deepEqual(lines, []);
});

test('what spoils every object is refused before Node-RED reads it, by whichever way it comes', async () => {
  const { lines, log } = createAdminDisk();
  const read = [];
  const way = (name) => async (options) => read.push([name, options]);
  const api = { setFlows: way('setFlows'), addFlow: way('addFlow'), updateFlow: way('updateFlow') };
  refuseSpoiling(null, log);
  refuseSpoiling(api, log);
  refuseSpoiling(api, log);
  const link = (links) => ({ id: 'l', type: 'link in', z: 'tab', links });
  const port = { id: 's', type: 'subflow', in: [{ wires: [{ id: 'a', port: '__proto__' }] }] };
  for (const spoiling of [link(['__proto__']), link([['__proto__']]), port]) {
    for (const [name, options] of [
      ['setFlows', { flows: { flows: [...FINE, spoiling] } }],
      ['addFlow', { flow: { nodes: [spoiling] } }],
      ['updateFlow', { id: 'global', flow: { configs: [], subflows: [spoiling] } }]
    ]) {
      await assert.rejects(api[name](options), { code: 'ERR_VALKEY_FLOWS', message: /'__proto__'/ });
    }
  }
  assert.deepEqual(read, []);
  assert.equal(lines.length, 9);
  for (const [name, options] of [
    ['setFlows', { flows: { flows: [...FINE, null, link(['other'])] } }],
    ['setFlows', undefined],
    ['addFlow', { flow: { nodes: FINE } }]
  ]) {
    await api[name](options);
    assert.deepEqual(read.pop(), [name, options]);
  }
});
