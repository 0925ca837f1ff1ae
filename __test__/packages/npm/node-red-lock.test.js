'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { createNodeRedLock } = require('../../../lib/packages/npm/node-red-lock');
const { BASE, startPalette } = require('../support/instance');
const { installPackage, uninstallPackage } = require('../support/packages');
const { tempDir } = require('../../support/temp-dir');
const { until } = require('../../support/wait');

let instance;
let npm; // the core's part: one turn at a time
let turns;
let source;

function createCore() {
  let last = Promise.resolve();
  const core = {
    holders: 0,
    most: 0,
    taken: 0,
    satisfied: [],
    asked: [],
    beforeTurn: async () => {},
    async acquire() {
      const earlier = last;
      let end;
      last = new Promise((resolve) => {
        end = resolve;
      });
      await earlier;
      await core.beforeTurn();
      core.holders += 1;
      core.taken += 1;
      core.most = Math.max(core.most, core.holders);
      core.endTurn = end;
    },
    release() {
      core.holders -= 1;
      core.endTurn();
    },
    async isSatisfied(name, version) {
      core.asked.push([name, version]);
      return core.satisfied.includes(name);
    }
  };
  return core;
}

function start(options = {}) {
  npm = createCore();
  turns = createNodeRedLock({
    runtime: instance.runtime,
    acquire: npm.acquire,
    release: npm.release,
    isSatisfied: npm.isSatisfied,
    ...options
  });
}

/** A package in a folder that npm can install from without a registry. */
function localPackage(name) {
  installPackage(source, { name, sets: { one: [`${name}-type`] } });
  return path.join(source, 'node_modules', name);
}

const install = (folder) => instance.runtime.nodes.installModule(folder);
const isOnDisk = (name) => fs.existsSync(path.join(instance.userDir, 'node_modules', name));

before(async () => {
  instance = await startPalette({ settings: { functionExternalModules: true } });
  source = tempDir('npm-turns');
});
after(() => instance.stop());
beforeEach(() => start());
test.afterEach(() => {
  turns.close();
  // npm would look for these in a registry.
  ['turn-two', 'turn-five', 'turn-lib-one', 'turn-lib-two', 'turn-lib-three'].forEach((name) =>
    uninstallPackage(instance.userDir, name)
  );
  assert.equal(npm.holders, 0, 'no turn is left');
  assert.equal(npm.most <= 1, true);
});

test('an install by Node-RED waits for ours, holds ours off while it runs, and ends its turn', async () => {
  let letGo;
  npm.beforeTurn = () =>
    new Promise((resolve) => {
      letGo = resolve;
    });
  const done = install(localPackage('turn-one'));
  await until(() => letGo, { deadline: 60000 });
  assert.equal(isOnDisk('turn-one'), false);
  assert.equal(npm.holders, 0);
  letGo();
  await until(() => npm.holders === 1, { deadline: 60000 });
  await done;
  assert.equal(npm.holders, 0);
  assert.equal(npm.taken, 1);
  assert.equal(instance.has('turn-one-type'), true);

  npm.beforeTurn = async () => {};
  await instance.runtime.nodes.uninstallModule('turn-one');
  assert.equal(npm.taken, 2);
  assert.equal(npm.holders, 0);
  assert.equal(isOnDisk('turn-one'), false);
});

test('what ours has installed meanwhile is not installed again', async () => {
  npm.satisfied = ['turn-two'];
  npm.beforeTurn = async () => instance.install({ name: 'turn-two', sets: { one: ['turn-two-type'] } });
  await instance.runtime.nodes.installModule('turn-two', '1.0.0');
  assert.deepEqual(npm.asked, [['turn-two', '1.0.0']]);
  assert.equal(instance.has('turn-two-type'), true);
});

test('a run of npm that fails ends its turn', async () => {
  const file = path.join(instance.userDir, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(
    file,
    JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, nothing: 'file:nowhere/at-all.tgz' } })
  );
  await assert.rejects(install(localPackage('turn-three')));
  fs.writeFileSync(file, JSON.stringify(manifest));
  assert.equal(npm.taken, 1);
  assert.equal(npm.holders, 0);
});

test("a later hook of the user's that refuses, by an error or by false", async () => {
  const { hooks } = instance.runtime;
  let answer;
  hooks.add('preInstall.user', (_payload) => answer());
  try {
    answer = () => Promise.reject(new Error('refused by the user'));
    await assert.rejects(install(localPackage('turn-four')), /refused by the user/);
    assert.equal(npm.taken, 0);
    answer = () => false;
    await assert.rejects(install(localPackage('turn-four')));
    assert.equal(npm.taken, 0);
    answer = () => undefined;
    await install(localPackage('turn-four'));
    assert.equal(npm.taken, 1);
  } finally {
    hooks.remove('*.user');
  }
});

test('the loading of packages that ours has installed takes no turn', async () => {
  const result = await instance.add({ name: 'turn-five', sets: { one: ['turn-five-type'] } });
  assert.deepEqual(result.loaded, ['turn-five']);
  assert.equal(npm.taken, 0);
});

test('modules of Function nodes, several at once', async () => {
  const names = ['turn-lib-one', 'turn-lib-two', 'turn-lib-three'];
  npm.satisfied = names;
  npm.beforeTurn = async () =>
    names.forEach((name) => instance.install({ name, files: { 'index.js': "module.exports = 'it';" } }));
  const libs = names.map((name, index) => ({ var: `v${index}`, module: name }));
  const result = await instance.update(
    BASE.concat({ id: 'fn', type: 'function', z: 'a', func: 'return msg;', outputs: 1, libs, x: 1, y: 1, wires: [[]] })
  );
  assert.equal(result.missingModules, undefined);
  assert.deepEqual(npm.asked.map(([name]) => name).sort(), [...names].sort());
  assert.equal(npm.taken, 3);
});

test('no turn within the bound of the core: Node-RED goes on', async () => {
  turns.close();
  turns = createNodeRedLock({
    runtime: instance.runtime,
    acquire: () => Promise.reject(new Error('too long')),
    release: npm.release,
    isSatisfied: npm.isSatisfied
  });
  await install(localPackage('turn-six'));
  assert.equal(npm.holders, 0);
});

test('a run that never comes to its end holds nothing up for ever', async () => {
  turns.close();
  start({ start: 50, ceiling: 100 });
  // Refused in a way that nobody is told of.
  const { hooks } = instance.runtime;
  await hooks.trigger('preInstall', { module: 'turn-seven', dir: instance.userDir, args: [] });
  assert.equal(npm.holders, 1);
  await until(() => npm.holders === 0, { deadline: 60000 });
  await hooks.trigger('preInstall', { module: 'turn-seven', dir: instance.userDir, args: [] });
  instance.runtime.events.emit('event-log', { id: 'x', payload: { ts: 1, data: 'npm install -- turn-seven' } });
  await until(() => npm.holders === 0, { deadline: 60000 });
});
