'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { BASE, flowsWith, startPalette } = require('./instance');
const { hidePackage, uninstallPackage } = require('./packages');

/** The tests of removing, for a Node-RED with the editor or without. */
function removalTests({ editor }) {
  let instance;
  before(async () => {
    instance = await startPalette({ editor });
  });
  after(() => instance.stop());
  beforeEach(() => instance.reset(BASE));

  test('a removed package leaves nothing behind', async () => {
    await instance.add({ name: 'pkg-gone', sets: { one: ['gone-one'], two: ['gone-two'] } });
    instance.clear();
    const result = await instance.drop('pkg-gone', 'pkg-never-there');
    assert.deepEqual(result, { removed: ['pkg-gone', 'pkg-never-there'], inUse: [], failed: [] });
    assert.equal(instance.info('pkg-gone'), null);
    assert.equal(instance.has('gone-one'), false);
    assert.equal(instance.has('gone-two'), false);
    assert.equal(
      Object.keys(require.cache).some((file) => file.includes('pkg-gone')),
      false
    );
    assert.equal(instance.runtime.settings.get('nodes')['pkg-gone'], undefined);
    assert.equal(instance.announced.filter(({ id }) => id === 'node/removed').at(-1).payload.length, 2);
    assert.deepEqual(instance.lines('info'), ['package pkg-gone@1.0.0 is removed: gone-one, gone-two']);
    // Flows that use it all the same wait for it.
    const update = await instance.update(flowsWith('gone-one'));
    assert.deepEqual(update.missingTypes, ['gone-one']);
  });

  test('a newer version after a removal is the one that runs', async () => {
    await instance.add({ name: 'pkg-again', sets: { one: ['again-type'] } });
    await instance.update(flowsWith('again-type'));
    assert.equal(instance.versionOf('n-again-type'), '1.0.0');
    await instance.update(BASE);
    await instance.drop('pkg-again');
    const result = await instance.add({
      name: 'pkg-again',
      version: '2.0.0',
      sets: { one: ['again-type'], more: ['again-more'] }
    });
    assert.deepEqual(result, { loaded: ['pkg-again'], restart: [], failed: [] });
    assert.equal(instance.info('pkg-again').version, '2.0.0');
    await instance.update(flowsWith('again-type', 'again-more'));
    assert.equal(instance.versionOf('n-again-type'), '2.0.0');
    assert.equal(instance.versionOf('n-again-more'), '2.0.0');
    const saved = instance.runtime.settings.get('nodes')['pkg-again'];
    assert.deepEqual(
      Object.values(saved.nodes).map(({ enabled }) => enabled),
      [true, true]
    );
  });

  test('what flows use stays until a deploy has taken it out', async () => {
    await instance.add({ name: 'pkg-used', sets: { one: ['used-type'] } });
    await instance.add({ name: 'pkg-free', sets: { one: ['free-type'] } });
    await instance.update(flowsWith('used-type'));
    instance.clear();
    const result = await instance.drop('pkg-used', 'pkg-free');
    assert.deepEqual(result, { removed: ['pkg-free'], inUse: ['pkg-used'], failed: [] });
    assert.equal(instance.has('used-type'), true);
    assert.deepEqual(instance.ids('close'), []);
    await instance.update(BASE);
    assert.deepEqual((await instance.drop('pkg-used')).removed, ['pkg-used']);
    assert.equal(instance.has('used-type'), false);
  });

  test('the dependencies of a package go with it, once nothing else needs them', async () => {
    const dependency = (name, type, needs = {}) => {
      instance.install({ name, sets: { one: [type] }, manifest: { dependencies: needs } });
      hidePackage(instance.userDir, name);
    };
    const needing = (name, type, ...names) => ({
      name,
      sets: { one: [type] },
      manifest: { dependencies: Object.fromEntries(names.map((each) => [each, '*'])) }
    });
    dependency('dep-alone', 'dep-alone-type', { 'dep-below': '*' });
    dependency('dep-below', 'dep-below-type');
    dependency('dep-shared', 'dep-shared-type');
    dependency('dep-inner', 'dep-inner-type');
    await instance.add({ name: 'dep-listed', sets: { one: ['dep-listed-type'] } });
    const files = { 'node_modules/inside/package.json': '{"name":"inside","dependencies":{"dep-inner":"*"}}' };
    await instance.add({ ...needing('pkg-stays', 'stays-type', 'dep-shared'), files });
    const all = ['dep-alone', 'dep-shared', 'dep-listed', 'dep-inner'];
    await instance.add(needing('pkg-leaves', 'leaves-type', ...all));
    const present = () =>
      ['leaves', 'dep-alone', 'dep-below', 'dep-shared', 'dep-listed', 'dep-inner', 'stays'].filter((name) =>
        instance.has(`${name}-type`)
      );
    assert.equal(present().length, 7);

    await instance.update(flowsWith('dep-below-type'));
    assert.deepEqual((await instance.drop('pkg-leaves')).inUse, ['pkg-leaves'], 'npm would take the files away');
    assert.equal(present().length, 7);
    await instance.update(BASE);
    instance.clear();
    assert.deepEqual((await instance.drop('pkg-leaves')).removed, ['pkg-leaves']);
    assert.deepEqual(present(), ['dep-shared', 'dep-listed', 'dep-inner', 'stays']);
    ['dep-alone', 'dep-below'].forEach((name) => uninstallPackage(instance.userDir, name));
    const [line] = instance.lines('info');
    assert.match(line, /^package pkg-leaves@1\.0\.0 is removed: leaves-type, /);
    assert.match(line, /dep-alone-type.*dep-below-type|dep-below-type.*dep-alone-type/);

    // Both at once, and none of it loaded before them: what they shared goes with the last.
    await instance.add(needing('pkg-again', 'again-too', 'dep-shared'));
    assert.deepEqual((await instance.drop('pkg-stays', 'pkg-again')).removed, ['pkg-stays', 'pkg-again']);
    assert.deepEqual(present(), ['dep-listed']);
    assert.deepEqual((await instance.drop('dep-listed')).removed, ['dep-listed']);

    // They come again with another package.
    dependency('dep-alone', 'dep-alone-type');
    await instance.add(needing('pkg-leaves', 'leaves-type', 'dep-alone'));
    await instance.update(flowsWith('dep-alone-type'));
    assert.equal(instance.versionOf('n-dep-alone-type'), '1.0.0');
  });

  test('an update that is just being taken counts as use', async () => {
    await instance.add({ name: 'pkg-soon', sets: { one: ['soon-type'] } });
    const update = instance.update(flowsWith('soon-type'));
    const result = await instance.palette.remove(['pkg-soon']);
    assert.deepEqual(result.inUse, ['pkg-soon']);
    await update;
    assert.equal(instance.versionOf('n-soon-type'), '1.0.0');
  });

  test('a type inside a subflow of another package counts as use', async () => {
    const subflow = {
      type: 'subflow-package',
      name: 'S',
      in: [],
      out: [],
      meta: { type: 'packaged-subflow' },
      id: 'sf',
      flow: [{ id: 'inner', type: 'inside-type', z: 'sf', wires: [[]] }]
    };
    await instance.add({ name: 'pkg-inside', sets: { one: ['inside-type'] } });
    const code = `module.exports = (RED) => RED.nodes.registerSubflow(${JSON.stringify({ ...subflow, type: 'subflow' })});`;
    const manifest = { 'node-red': { nodes: { flow: 'flow.js' } } };
    const loaded = await instance.add({ name: 'pkg-subflow', manifest, files: { 'flow.js': code } });
    assert.deepEqual(loaded.failed, []);
    await instance.update(flowsWith('packaged-subflow'));
    assert.deepEqual((await instance.palette.remove(['pkg-inside'])).inUse, ['pkg-inside']);
    await instance.update(BASE);
    assert.deepEqual((await instance.drop('pkg-inside', 'pkg-subflow')).removed, ['pkg-inside', 'pkg-subflow']);
    assert.equal(instance.has('packaged-subflow'), false);
  });
}

module.exports = { removalTests };
