'use strict';

const assert = require('node:assert/strict');
const EventEmitter = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { setImmediate: soon } = require('node:timers/promises');
const { createPackageWait } = require('../../lib/packages/wait');
const { tempDir } = require('../support/temp-dir');

const PATIENCE = 60000;
const using = (...types) => types.map((type, index) => ({ id: String(index), type }));
const withModule = (module) => [{ id: 'f', type: 'function', libs: [{ var: 'x', module }] }];

function start({ patience = PATIENCE, dependencies = {}, settings = {} } = {}) {
  const userDir = tempDir('package-wait');
  fs.writeFileSync(path.join(userDir, 'package.json'), JSON.stringify({ dependencies }));
  const types = new Set(['function']);
  const events = new EventEmitter();
  const told = [];
  const world = { userDir, waiting: [], settle: [], free: [], again: 0, missing: ['gone'], told, events };
  const log = { debug() {}, warn: (text) => told.push(text) };
  world.register = (type) => {
    types.add(type);
    events.emit('type-registered', type);
  };
  world.wait = createPackageWait({
    core: { waiting: (id) => world.waiting.push(id) },
    runtime: { events, nodes: { getType: (type) => (types.has(type) ? function node() {} : undefined) } },
    settings: { userDir, ...settings },
    patience,
    log,
    packagesSettled: (ms) => new Promise((resolve) => world.settle.push(Object.assign(resolve, { ms }))),
    waitForNpm: (ms) => new Promise((resolve) => world.free.push(Object.assign(resolve, { ms }))),
    missing: () => world.missing
  });
  world.postpone = (id, flows) =>
    world.wait.postpone({ id, revision: id }, flows, () => {
      world.again += 1;
    });
  return world;
}

test('a deploy with a missing type waits once, for all packages or until its types are there', async () => {
  const world = start();
  assert.equal(world.postpone('a', using('function')), false);
  assert.equal(world.postpone('b', using('one')), true);
  assert.deepEqual(world.waiting, ['b']);
  world.settle[0](true);
  await soon();
  assert.equal(world.again, 1);
  assert.equal(world.postpone('b', using('one')), false);
  world.wait.over();
  // A package that never comes keeps the list from being settled.
  assert.equal(world.postpone('c', using('one', 'two')), true);
  world.register('one');
  await soon();
  assert.equal(world.again, 1);
  world.register('two');
  await soon();
  assert.equal(world.again, 2);
  assert.deepEqual(world.told, []);
  assert.equal(world.events.listenerCount('type-registered'), 0);
});

test('what was waited for in vain is not waited for again, until packages come or others are to come', async () => {
  const world = start();
  const inVain = async (id, types) => {
    assert.equal(world.postpone(id, using(...types)), true, id);
    world.settle.at(-1)(false);
    await soon();
    world.wait.over();
  };
  await inVain('a', ['gone']);
  assert.match(world.told[0], /^revision a waits no longer for its packages/);
  assert.equal(world.postpone('b', using('gone')), false);
  // Beside a type that may come, that one counts alone.
  assert.equal(world.postpone('c', using('gone', 'new')), true);
  world.register('new');
  await soon();
  assert.equal(world.again, 2);
  world.wait.over();
  assert.equal(world.postpone('d', using('gone')), false);
  world.missing = ['gone', 'other'];
  await inVain('e', ['gone']);
  assert.equal(world.postpone('f', using('gone')), false);
  world.wait.packagesCame();
  await inVain('g', ['gone']);
});

test('deploys that come one after the other share the patience; one that is over gives it back', async () => {
  const world = start({ patience: 50 });
  assert.equal(world.postpone('a', using('one')), true);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(world.postpone('b', using('one')), false);
  world.wait.over();
  assert.equal(world.postpone('c', using('one')), true);
  assert.equal(world.settle.at(-1).ms > 0, true);
  // The end of a wait that counts no longer.
  world.settle[0](false);
  await soon();
  assert.equal(world.again, 0);
  assert.deepEqual(world.told, []);
  world.wait.close();
  assert.equal(world.events.listenerCount('type-registered'), 0);
});

test('a deploy with modules that are not installed waits until npm is free', async () => {
  const world = start({ dependencies: { here: '1.0.0' } });
  for (const module of ['here', 'here/sub', 'node:fs', 'fs/promises']) {
    assert.equal(world.postpone('a', withModule(module)), false, module);
  }
  assert.equal(world.postpone('a', [{ ...withModule('@s/away')[0], d: true }]), false);
  assert.equal(world.postpone('b', withModule('@s/away@1.x')), true);
  assert.deepEqual(world.waiting, ['b']);
  assert.equal(world.settle.length, 0);
  assert.equal(world.free[0].ms <= PATIENCE, true);
  await soon();
  assert.equal(world.again, 0);
  world.free[0](true);
  await soon();
  assert.equal(world.again, 1);
  world.wait.over();
  assert.equal(world.postpone('c', withModule('away')), true);
  world.free[1](false);
  await soon();
  assert.equal(world.again, 2);
  assert.match(world.told[0], /^revision c waits no longer for npm, which it needs for away/);
});

test('where Node-RED installs no modules nothing is waited for', () => {
  for (const settings of [
    { functionExternalModules: false },
    { externalModules: { modules: { allowInstall: false } } }
  ]) {
    assert.equal(start({ settings }).postpone('a', withModule('away')), false);
  }
});
