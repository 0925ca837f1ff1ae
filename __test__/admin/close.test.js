'use strict';

// Node-RED begins a start anew in the same process when it is embedded: nothing may be left of one
// that failed, or that was closed while it went on.

const assert = require('node:assert/strict');
const EventEmitter = require('node:events');
const { test } = require('node:test');
require('@node-red/runtime'); // whose local storage an admin uses

const { openAdmin } = require('../../lib/admin');
const { openReadOnlyAdmin } = require('../../lib/admin/read-only');
const { createPackageChanges } = require('../../lib/packages/palette/changes');
const { createPackages } = require('../../lib/packages');
const { freePort } = require('../support/port');
const { tempDir } = require('../support/temp-dir');

const log = { error() {}, warn() {}, info() {}, debug() {} };

const difference = { goOn: async () => {} };
const placement = { state: () => ({ runsNothing: false }), onFaults() {}, watchOthers: () => ({ close() {} }) };

/** Node-RED's hooks, as far as they tell of a name that is taken. */
function createHooks() {
  const names = new Set();
  return {
    names,
    add(name) {
      assert.equal(names.has(name), false, `Hook ${name} already registered`);
      names.add(name);
    },
    remove(name) {
      const left = [...names].filter(
        (other) => other !== name && !(name.startsWith('*') && other.endsWith(name.slice(1)))
      );
      names.clear();
      left.forEach((other) => names.add(other));
    }
  };
}

function createRuntime() {
  return {
    events: new EventEmitter(),
    hooks: createHooks(),
    log: { ...log, _: (text) => text, log() {}, addHandler() {}, removeHandler() {} },
    isStarted: () => false,
    nodes: {},
    settings: {}
  };
}

test("an admin's start that fails leaves nothing", async () => {
  const runtime = createRuntime();
  const settings = { userDir: tempDir('admin-close'), get() {}, available: () => false };
  for (const attempt of [1, 2]) {
    const options = { text: JSON.stringify({ role: 1 }), functions: {} };
    const opened = openAdmin({ settings, runtime, log, options, checked: {}, placement, difference });
    await assert.rejects(opened, /option 'role'/, `attempt ${attempt}`);
    assert.equal(runtime.events.listenerCount('runtime-event'), 0);
    assert.deepEqual([...runtime.hooks.names], []);
  }
});

for (const [what, open, more] of [
  ['', openAdmin, {}],
  [' with readOnly', openReadOnlyAdmin, { readOnly: true }]
]) {
  test(`an admin${what} leaves nothing once it is closed`, async () => {
    const runtime = createRuntime();
    const exits = process.listenerCount('exit');
    const settings = { userDir: tempDir('admin-close'), get() {}, available: () => false, ...more };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const text = JSON.stringify({ role: 'admin', host: '127.0.0.1', port: await freePort() });
      const admin = await open({
        settings,
        runtime,
        log,
        options: { text, functions: {} },
        checked: {},
        placement,
        difference
      });
      await admin.close();
      assert.deepEqual(runtime.events.eventNames(), []);
      assert.deepEqual([...runtime.hooks.names], []);
      assert.equal(process.listenerCount('exit'), exits);
    }
  });
}

test('a start that goes on after it was closed leaves nothing', async () => {
  const runtime = createRuntime();
  let begin;
  const core = {
    packagesAtStart: () =>
      new Promise((resolve) => {
        begin = resolve;
      }),
    packages: () => ({ endNpm() {} })
  };
  const packages = createPackages({ core, settings: { userDir: tempDir('admin-close') }, runtime, log });
  const started = packages.atStart();
  packages.close();
  begin();
  await started;
  assert.equal(runtime.events.listenerCount('runtime-event'), 0);
  assert.deepEqual([...runtime.hooks.names], []);
});

test('settings that are asked for twice, in a row or at once, begin the packages once', async () => {
  const runtime = createRuntime();
  const core = { packagesAtStart: async () => {}, packages: () => ({ endNpm() {}, missing: () => [] }) };
  const packages = createPackages({ core, settings: { userDir: tempDir('admin-close') }, runtime, log });
  await Promise.all([packages.atStart(), packages.atStart()]);
  await packages.atStart();
  assert.equal(runtime.hooks.names.size, 2);
  packages.close();
  assert.deepEqual([...runtime.hooks.names], []);
});

test('events of any shape are no harm', () => {
  const runtime = createRuntime();
  const changes = createPackageChanges({ runtime, log, publish: async () => {} });
  const packages = createPackages({
    core: { packages: () => null },
    settings: { userDir: tempDir('admin-close') },
    runtime,
    log
  });
  for (const event of [
    undefined,
    null,
    'text',
    {},
    { id: 'node/removed' },
    { id: 'node/removed', payload: [null, {}, 'x'] },
    { id: 'node/added' }
  ]) {
    runtime.events.emit('runtime-event', event);
  }
  changes.close();
  packages.close();
});
