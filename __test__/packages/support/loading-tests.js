'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { BASE, flowsWith, startPalette } = require('./instance');
const { hidePackage, installPackage } = require('./packages');

/** The tests of loading, for a Node-RED with the editor or without. */
function loadingTests({ editor }) {
  let instance;
  let early;
  before(async () => {
    instance = await startPalette({
      editor,
      prepare: (userDir, palette) => {
        const bad = { types: ['half-two'], before: "throw new Error('half of it is missing');" };
        installPackage(userDir, { name: 'half-installed', sets: { one: ['half-one'], two: bad } });
        installPackage(userDir, { name: 'hidden', sets: { one: ['hidden-type'] } });
        hidePackage(userDir, 'hidden');
        early = palette.load([installPackage(userDir, { name: 'early', sets: { one: ['early-type'] } })]);
      }
    });
  });
  after(() => instance.stop());
  beforeEach(() => instance.reset(BASE));

  test('asked for while Node-RED starts, it waits for that', async () => {
    assert.deepEqual(await early, { loaded: ['early'], restart: [], failed: [] });
    assert.equal(instance.info('early').nodes.length, 1);
    assert.equal(instance.has('early-type'), true);
  });

  test('a package that was half-installed at the start is loaded anew, and what runs of it restarts', async () => {
    assert.deepEqual(instance.palette.faults(), [{ name: 'half-installed', reason: 'two: half of it is missing' }]);
    await instance.update(flowsWith('half-one'));
    const bad = { types: ['half-two'], before: "throw new Error('still missing');" };
    const worse = instance.install({ name: 'half-installed', sets: { one: ['half-one'], two: bad } });
    instance.clear();
    assert.match((await instance.palette.load([worse])).failed[0].reason, /^two: still missing$/);
    assert.deepEqual(instance.ids('close'), ['n-half-one']);
    // Files that are known to fail are no reason to restart anything again.
    assert.equal((await instance.palette.load([worse])).failed.length, 1);
    assert.deepEqual(instance.ids('close'), ['n-half-one']);
    instance.clear();
    const result = await instance.add({ name: 'half-installed', sets: { one: ['half-one'], two: ['half-two'] } });
    assert.deepEqual(result, { loaded: ['half-installed'], restart: [], failed: [] });
    assert.deepEqual(instance.palette.faults(), []);
    assert.deepEqual(instance.ids('close'), ['n-half-one']);
    assert.equal(instance.node('n-half-one') instanceof instance.runtime.nodes.getType('half-one'), true);
    assert.equal(instance.has('half-two'), true);
  });

  test("a package that was there as another's dependency becomes the user's", async () => {
    assert.equal(instance.info('hidden').user, false);
    const result = await instance.add({ name: 'hidden', sets: { one: ['hidden-type'] } });
    assert.deepEqual(result.loaded, ['hidden']);
    assert.equal(instance.info('hidden').user, true);
  });

  test('a new package is there at once, and nothing that runs is touched', async () => {
    const result = await instance.add({ name: 'pkg-new', sets: { one: ['new-one'] } });
    assert.deepEqual(result, { loaded: ['pkg-new'], restart: [], failed: [] });
    assert.equal(instance.has('new-one'), true);
    assert.equal(instance.info('pkg-new').user, true);
    assert.equal(instance.info('pkg-new').version, '1.0.0');
    assert.deepEqual(instance.ids('close'), []);
    assert.deepEqual(instance.lines('info'), ['package pkg-new@1.0.0 is loaded: new-one']);
    const saved = instance.runtime.settings.get('nodes')['pkg-new'];
    assert.equal(saved.version, '1.0.0');
    assert.deepEqual(saved.nodes.one.types, ['new-one']);
    const added = instance.announced.filter(({ id }) => id === 'node/added').at(-1);
    assert.deepEqual(
      added.payload.map(({ id }) => id),
      ['pkg-new/one']
    );
    // Given again, nothing happens.
    assert.deepEqual(await instance.palette.load([{ name: 'pkg-new', version: '1.0.0', from: null }]), {
      loaded: ['pkg-new'],
      restart: [],
      failed: []
    });
  });

  test('flows that wait for its types start, nothing else restarts', async () => {
    await instance.update(flowsWith('wait-one', 'wait-two'));
    assert.deepEqual(instance.ids('start'), []);
    const result = await instance.add({ name: '@scope/wait', sets: { one: ['wait-one'], two: ['wait-two'] } });
    assert.deepEqual(result.loaded, ['@scope/wait']);
    await instance.until(() => instance.node('n-wait-one') && instance.node('n-wait-two'), 'both nodes run');
    await instance.reload.idle();
    assert.deepEqual(instance.ids('close'), []);
    assert.deepEqual(
      instance.info('@scope/wait').nodes.map(({ name }) => name),
      ['one', 'two']
    );
  });

  test('a package without nodes is loaded', async () => {
    const result = await instance.add({ name: 'plain-library', files: { 'index.js': 'module.exports = 1;' } });
    assert.deepEqual(result.loaded, ['plain-library']);
    assert.deepEqual(await instance.drop('plain-library'), { removed: ['plain-library'], inUse: [], failed: [] });
  });

  test('node types of a dependency come with the package, and a new version of it waits for a restart', async () => {
    const came = (version) => {
      instance.install({ name: '@scope/came', version, sets: { one: ['came-along'] } });
      hidePackage(instance.userDir, '@scope/came');
    };
    const bringing = {
      name: 'pkg-brings',
      sets: { one: ['brings'] },
      manifest: { dependencies: { '@scope/came': '*' } }
    };
    came('1.0.0');
    instance.install({ name: 'needed-by-nobody', sets: { one: ['of-nobody'] } });
    hidePackage(instance.userDir, 'needed-by-nobody');
    const hooked = [];
    instance.runtime.hooks.add('preInstall.test', (event) => {
      hooked.push(event.module);
    });
    try {
      assert.deepEqual(await instance.add(bringing), { loaded: ['pkg-brings'], restart: [], failed: [] });
    } finally {
      instance.runtime.hooks.remove('*.test');
    }
    assert.deepEqual(hooked, ['pkg-brings']);
    assert.equal(instance.has('came-along'), true);
    assert.equal(instance.info('@scope/came').user, false);
    assert.equal(instance.has('of-nobody'), false);
    await instance.update(flowsWith('came-along'));
    assert.equal(instance.versionOf('n-came-along'), '1.0.0');
    came('1.1.0');
    const reason = '1.1.0 is installed, 1.0.0 runs until this worker is restarted';
    const again = [{ name: 'pkg-brings', version: '1.0.0', from: null }];
    const { restart } = await instance.palette.load(again);
    assert.deepEqual(restart, [{ name: '@scope/came', version: '1.1.0', reason }]);
    assert.deepEqual((await instance.palette.load(again)).restart, []);
    assert.deepEqual(instance.lines('warn'), [`package @scope/came: ${reason}`]);
  });

  test('a dependency that Node-RED does not take keeps nothing back', async () => {
    const manifest = { 'node-red': { version: '>=99', nodes: { one: 'one.js' } } };
    instance.install({ name: 'came-too-new', sets: { one: ['too-new'] }, manifest });
    hidePackage(instance.userDir, 'came-too-new');
    const bad = { types: ['came-bad'], before: "throw new Error('no such luck');" };
    instance.install({ name: 'came-bad', sets: { one: bad } });
    hidePackage(instance.userDir, 'came-bad');
    const needed = { dependencies: { 'came-too-new': '*', 'came-bad': '*' } };
    for (const attempt of [1, 2]) {
      const { loaded, failed } = await instance.add({ name: 'pkg-needs', sets: { one: ['needs'] }, manifest: needed });
      assert.deepEqual([loaded, failed], [['pkg-needs'], []], `attempt ${attempt}`);
    }
    assert.deepEqual(instance.lines('error'), [
      'package came-bad@1.0.0, a dependency, could not be loaded: one: no such luck'
    ]);
  });

  test('a package with a plugin only', async () => {
    const manifest = { 'node-red': { plugins: { theme: 'theme.js' } } };
    const code = 'module.exports = (RED) => RED.plugins.registerPlugin("a-plugin", { type: "test-type" });';
    const result = await instance.add({ name: 'pkg-plugin', manifest, files: { 'theme.js': code } });
    assert.deepEqual(result.loaded, ['pkg-plugin']);
    assert.equal(instance.runtime.plugins.getPlugin('a-plugin').module, 'pkg-plugin');
    assert.deepEqual((await instance.drop('pkg-plugin')).removed, ['pkg-plugin']);
  });

  test('several at once: one that throws keeps nothing else back, and is loaded when its files are good', async () => {
    const packages = [
      instance.install({
        name: 'pkg-bad',
        sets: {
          bad: {
            types: ['bad-type', 'bad-second'],
            inside:
              'if (version === "1.0.0") { RED.nodes.registerType("bad-type", function () {}); throw new Error("no such luck"); }'
          }
        }
      }),
      { name: 'pkg-absent', version: '1.0.0', from: null },
      instance.install({ name: 'pkg-good', sets: { good: ['good-type'] } })
    ];
    const result = await instance.palette.load(packages);
    assert.deepEqual(result.loaded, ['pkg-good']);
    assert.deepEqual(result.restart, []);
    assert.deepEqual(
      result.failed.map(({ name }) => name),
      ['pkg-bad', 'pkg-absent']
    );
    assert.match(result.failed[0].reason, /^bad: .*no such luck/);
    assert.equal(result.failed[0].lasting, undefined);
    assert.match(result.failed[1].reason, /no readable package.json/);
    assert.equal(instance.has('good-type'), true);
    // The same again is told once.
    await instance.palette.load([packages[0]]);
    assert.equal(instance.lines('error').filter((text) => text.includes('pkg-bad')).length, 1);
    // The same version with the files that belong to it.
    const repaired = await instance.add({ name: 'pkg-bad', sets: { bad: ['bad-type', 'bad-second'] } });
    assert.deepEqual(repaired, { loaded: ['pkg-bad'], restart: [], failed: [] });
    assert.equal(instance.has('bad-type'), true);
    await instance.update(flowsWith('bad-type', 'bad-second'));
    assert.equal(instance.versionOf('n-bad-type'), '1.0.0');
  });

  test('a newer version of one that never ran is loaded, whatever upgrades are', async () => {
    const bad = { types: ['never-ran'], before: "throw new Error('bad');" };
    assert.equal((await instance.add({ name: 'pkg-never', sets: { one: bad } })).failed.length, 1);
    const result = await instance.add({ name: 'pkg-never', version: '1.0.1', sets: { one: ['never-ran'] } }, '1.0.0');
    assert.deepEqual(result, { loaded: ['pkg-never'], restart: [], failed: [] });
    assert.equal(instance.info('pkg-never').version, '1.0.1');
  });

  test('a type that another package has is refused, and stays with the other', async () => {
    await instance.add({ name: 'pkg-first', sets: { one: ['contested'] } });
    const owner = instance.runtime.nodes.getType('contested');
    const second = { types: ['second-own', 'contested'] };
    const result = await instance.add({ name: 'pkg-second', sets: { two: second } });
    assert.equal(result.failed[0].name, 'pkg-second');
    assert.match(result.failed[0].reason, /contested.*already registered/);
    assert.equal(result.failed[0].lasting, true);
    assert.match(instance.lines('error')[0], /it is tried again when other packages come or go$/);
    assert.deepEqual((await instance.drop('pkg-second')).removed, ['pkg-second']);
    assert.equal(instance.runtime.nodes.getType('contested'), owner);
    assert.deepEqual(
      (await instance.add({ name: 'pkg-second', version: '2.0.0', sets: { two: ['second-own'] } })).loaded,
      ['pkg-second']
    );
  });

  test('a package that was renamed waits for the one before to go, and is told of once', async () => {
    await instance.add({ name: 'pkg-old-name', sets: { one: ['renamed'] } });
    await instance.update(flowsWith('renamed'));
    const owner = instance.runtime.nodes.getType('renamed');
    const renamed = instance.install({ name: 'pkg-new-name', version: '2.0.0', sets: { two: ['renamed'] } });
    instance.clear();
    assert.deepEqual((await instance.drop('pkg-old-name')).inUse, ['pkg-old-name']);
    for (const attempt of [1, 2, 3]) {
      const { loaded, failed } = await instance.palette.load([renamed]);
      assert.deepEqual(loaded, [], `attempt ${attempt}`);
      assert.match(failed[0].reason, /renamed.*already registered/);
    }
    assert.equal(instance.lines('error').length, 1);
    assert.deepEqual(instance.ids('close'), []);
    assert.equal(instance.runtime.nodes.getType('renamed'), owner);
    await instance.update(BASE);
    assert.deepEqual((await instance.drop('pkg-old-name')).removed, ['pkg-old-name']);
    assert.deepEqual((await instance.palette.load([renamed])).loaded, ['pkg-new-name']);
    await instance.update(flowsWith('renamed'));
    assert.equal(instance.versionOf('n-renamed'), '2.0.0');
  });

  test('names that every object has are those of no package', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    assert.deepEqual(await instance.palette.remove(names), { removed: names, inUse: [], failed: [] });
    const { failed } = await instance.palette.load(names.map((name) => ({ name, version: '1.0.0', from: null })));
    failed.forEach(({ reason }) => assert.match(reason, /^there is no readable package.json/));
    assert.equal(failed.length, 3);
  });

  test('a package for another Node-RED is refused with the reason', async () => {
    const manifest = { 'node-red': { version: '>=99', nodes: { one: 'one.js' } } };
    const result = await instance.add({ name: 'pkg-other', sets: { one: ['other-type'] }, manifest });
    assert.match(result.failed[0].reason, /it is for Node-RED >=99/);
    assert.equal(result.failed[0].lasting, true);
  });

  test('a set that is disabled stays so', async () => {
    await instance.add({ name: 'pkg-sets', sets: { on: ['on-type'], off: ['off-type'] } });
    await instance.runtime.nodes.disableNode('pkg-sets/off');
    assert.equal(instance.info('pkg-sets').nodes.find(({ name }) => name === 'off').enabled, false);
    const again = await instance.palette.load([{ name: 'pkg-sets', version: '1.0.0', from: null }]);
    assert.deepEqual(again.loaded, ['pkg-sets']);
    assert.equal(instance.info('pkg-sets').nodes.find(({ name }) => name === 'off').enabled, false);
  });

  test("the user's own hooks are called, and may refuse", async () => {
    const calls = [];
    instance.runtime.hooks.add('preInstall.test', (event) => {
      calls.push(['preInstall', event.module, event.version, event.dir]);
      if (event.module === 'pkg-refused') {
        throw new Error('not this one');
      }
    });
    instance.runtime.hooks.add('postInstall.test', (event) => {
      calls.push(['postInstall', event.module]);
    });
    instance.runtime.hooks.add('preUninstall.test', (event) => {
      calls.push(['preUninstall', event.module]);
    });
    try {
      await instance.add({ name: 'pkg-hooked', sets: { one: ['hooked-type'] } });
      await instance.drop('pkg-hooked');
      const result = await instance.add({ name: 'pkg-refused', sets: { one: ['refused-type'] } });
      assert.match(result.failed[0].reason, /not this one/);
      assert.equal(instance.has('refused-type'), false);
    } finally {
      instance.runtime.hooks.remove('*.test');
    }
    assert.deepEqual(calls, [
      ['preInstall', 'pkg-hooked', '1.0.0', instance.userDir],
      ['postInstall', 'pkg-hooked'],
      ['preUninstall', 'pkg-hooked'],
      ['preInstall', 'pkg-refused', '1.0.0', instance.userDir]
    ]);
  });

  test('a new version of a package that runs is reported and marked, the old one runs on', async () => {
    await instance.add({ name: 'pkg-old', sets: { one: ['old-type'] } });
    await instance.update(flowsWith('old-type'));
    instance.clear();
    const result = await instance.add({ name: 'pkg-old', version: '1.1.0', sets: { one: ['old-type'] } }, '1.0.0');
    const reason = '1.1.0 is installed, 1.0.0 runs until this worker is restarted';
    assert.deepEqual(result, { loaded: [], restart: [{ name: 'pkg-old', version: '1.1.0', reason }], failed: [] });
    assert.equal(instance.info('pkg-old').version, '1.0.0');
    assert.equal(instance.info('pkg-old').pending_version, '1.1.0');
    assert.deepEqual(instance.records, []);
    await instance.palette.load([{ name: 'pkg-old', version: '1.1.0', from: null }]);
    assert.deepEqual(instance.lines('warn'), [`package pkg-old: ${reason}`]);
    // Back to what runs.
    const back = await instance.add({ name: 'pkg-old', version: '1.0.0', sets: { one: ['old-type'] } }, '1.1.0');
    assert.deepEqual(back.loaded, ['pkg-old']);
    assert.equal(instance.info('pkg-old').pending_version, undefined);
  });
}

module.exports = { loadingTests };
