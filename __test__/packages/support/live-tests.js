'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { BASE, flowsWith, startPalette } = require('./instance');
const { installPackage } = require('./packages');

/** The tests of `upgrade: 'live'`, for a Node-RED with the editor or without. */
function liveTests({ editor }) {
  let instance;
  before(async () => {
    instance = await startPalette({
      editor,
      upgrade: 'live',
      prepare: (userDir) => {
        installPackage(userDir, {
          name: 'at-start',
          sets: { one: ['start-type', 'start-secret'], two: ['start-other'], off: ['start-off'] }
        });
        const code = "module.exports = 'a library';";
        installPackage(userDir, { name: 'shared-library', files: { 'index.js': code } });
        for (const name of ['sharing-one', 'sharing-two']) {
          installPackage(userDir, { name, sets: { one: { types: [name], before: "require('shared-library');" } } });
        }
      }
    });
  });
  after(() => instance.stop());
  beforeEach(() => instance.reset(BASE));

  const upgraded = (name, running, version) => `package ${name}: ${version} runs in place of ${running}`;

  test('a package that Node-RED found at its start: only its nodes restart, with their credentials', async () => {
    const flows = flowsWith('start-type', 'start-secret', 'start-other', 'probe');
    await instance.update(flows, { 'n-start-secret': { secret: 'mine' } });
    const untouched = ['a1', 'n-probe'].map((id) => instance.node(id));
    instance.node('n-probe').receive({});
    await instance.until(() => instance.ids('input').length === 1, 'the other node counts');
    await instance.runtime.nodes.disableNode('at-start/off');
    instance.clear();
    const result = await instance.add(
      {
        name: 'at-start',
        version: '1.1.0',
        sets: { one: ['start-type', 'start-secret'], two: ['start-other', 'start-new'], off: ['start-off'] }
      },
      '1.0.0'
    );
    assert.deepEqual(result, { loaded: ['at-start'], restart: [], failed: [] });
    assert.deepEqual(instance.ids('close'), ['n-start-other', 'n-start-secret', 'n-start-type']);
    assert.deepEqual(instance.ids('start'), ['n-start-other', 'n-start-secret', 'n-start-type']);
    for (const id of ['n-start-type', 'n-start-secret', 'n-start-other']) {
      assert.equal(instance.versionOf(id), '1.1.0', id);
      assert.equal(instance.node(id) instanceof instance.runtime.nodes.getType(id.slice(2)), true);
    }
    assert.equal(instance.last('n-start-secret').secret, 'mine');
    assert.deepEqual(
      ['a1', 'n-probe'].map((id) => instance.node(id)),
      untouched
    );
    instance.node('n-probe').receive({});
    await instance.until(
      () => instance.records.some(({ id, count }) => id === 'n-probe' && count === 2),
      'the other node goes on counting'
    );
    const info = instance.info('at-start');
    assert.equal(info.version, '1.1.0');
    assert.equal(info.user, true);
    assert.equal(info.pending_version, undefined);
    assert.equal(info.nodes.find(({ name }) => name === 'off').enabled, false);
    assert.equal(instance.has('start-new'), true);
    assert.deepEqual(instance.warnings(), []);
    assert.deepEqual(instance.runtime.nodes.getFlows().flows, instance.stored.flows);
    assert.deepEqual(instance.lines('info'), [
      upgraded('at-start', '1.0.0', '1.1.0'),
      '3 nodes restarted with their new code'
    ]);
    // An update after it restarts nothing more than it changes.
    instance.clear();
    const next = structuredClone(instance.stored.flows);
    next.find(({ id }) => id === 'n-probe').value = 'changed';
    await instance.update(next);
    assert.deepEqual(instance.ids('close'), ['n-probe']);
    // And once more, now that the files were loaded by us.
    await instance.add(
      { name: 'at-start', version: '1.2.0', sets: { one: ['start-type', 'start-secret'], two: ['start-other'] } },
      '1.1.0'
    );
    assert.equal(instance.versionOf('n-start-type'), '1.2.0');
    assert.equal(instance.has('start-new'), false);
    assert.equal(instance.info('at-start').nodes.length, 2);
  });

  test('inside a subflow', async () => {
    await instance.add({ name: 'in-subflow', sets: { one: ['subflow-part'] } });
    await instance.update(
      BASE.concat(
        { id: 'sf', type: 'subflow', name: 'S', in: [], out: [] },
        { id: 'part', type: 'subflow-part', z: 'sf', value: 'v', x: 1, y: 1, wires: [[]] },
        { id: 'use', type: 'subflow:sf', z: 'a', x: 1, y: 1, wires: [] }
      )
    );
    instance.clear();
    const result = await instance.add(
      { name: 'in-subflow', version: '2.0.0', sets: { one: ['subflow-part'] } },
      '1.0.0'
    );
    assert.deepEqual(result.loaded, ['in-subflow']);
    const starts = instance.records.filter(({ event }) => event === 'start');
    assert.deepEqual(
      starts.map(({ version }) => version),
      ['2.0.0']
    );
    assert.equal(instance.ids('close').includes('a1'), false);
  });

  test('a new version that throws: the old one runs on, untouched, and works', async () => {
    await instance.add({ name: 'then-bad', sets: { one: ['then-bad-type'] } });
    await instance.update(flowsWith('then-bad-type'));
    const [node, constructor] = [instance.node('n-then-bad-type'), instance.runtime.nodes.getType('then-bad-type')];
    instance.clear();
    const result = await instance.add(
      {
        name: 'then-bad',
        version: '2.0.0',
        sets: { one: { types: ['then-bad-type'], inside: 'throw new Error("not today");' } }
      },
      '1.0.0'
    );
    assert.deepEqual(result.loaded, []);
    assert.match(
      result.restart[0].reason,
      /^2.0.0 is installed, 1.0.0 runs until this worker is restarted \(the new version does not load: one: not today\)$/
    );
    assert.deepEqual(instance.records, []);
    assert.equal(instance.node('n-then-bad-type'), node);
    assert.equal(instance.runtime.nodes.getType('then-bad-type'), constructor);
    assert.equal(instance.info('then-bad').version, '1.0.0');
    assert.equal(instance.info('then-bad').pending_version, '2.0.0');
    // It can still be deployed, and the next good version takes its place.
    await instance.update(
      flowsWith('then-bad-type', 'probe-plain').map((each) => ({
        ...each,
        ...(each.id === 'n-then-bad-type' ? { value: 'new' } : {})
      }))
    );
    assert.equal(instance.versionOf('n-then-bad-type'), '1.0.0');
    const good = await instance.add({ name: 'then-bad', version: '2.0.1', sets: { one: ['then-bad-type'] } }, '2.0.0');
    assert.deepEqual(good.loaded, ['then-bad']);
    assert.equal(instance.versionOf('n-then-bad-type'), '2.0.1');
  });

  test('a new version without a type that flows use is not taken', async () => {
    await instance.add({ name: 'fewer', sets: { one: ['fewer-one', 'fewer-two'] } });
    await instance.update(flowsWith('fewer-one', 'fewer-two'));
    instance.clear();
    const result = await instance.add({ name: 'fewer', version: '2.0.0', sets: { one: ['fewer-one'] } }, '1.0.0');
    assert.match(result.restart[0].reason, /the new version has no type 'fewer-two', which flows use/);
    assert.deepEqual(instance.records, []);
    assert.equal(instance.has('fewer-two'), true);
  });

  test('while an update waits for other types: the nodes take the new code with it', async () => {
    await instance.add({ name: 'while-held', sets: { one: ['held-type'] } });
    await instance.update(flowsWith('held-type'));
    await instance.update(flowsWith('held-type', 'held-missing'));
    instance.clear();
    const result = await instance.add({ name: 'while-held', version: '2.0.0', sets: { one: ['held-type'] } }, '1.0.0');
    assert.deepEqual(result.loaded, ['while-held']);
    assert.deepEqual(instance.records, [], 'nothing can be started now, so nothing is stopped');
    await instance.update(flowsWith('held-type', 'held-missing', 'held-second'));
    assert.deepEqual(instance.records, [], 'nor by an update that has to wait as well');
    await instance.add({ name: 'brings-it', sets: { one: ['held-missing', 'held-second'] } });
    await instance.until(() => instance.node('n-held-missing'), 'the update is complete');
    await instance.reload.idle();
    assert.equal(instance.versionOf('n-held-type'), '2.0.0');
    assert.deepEqual(instance.runtime.nodes.getFlows().flows, instance.stored.flows);
  });

  test('updates that come meanwhile find all types', async () => {
    await instance.add({ name: 'busy', sets: { one: ['busy-type'] } });
    await instance.update(flowsWith('busy-type'));
    let open;
    const opened = new Promise((resolve) => {
      open = resolve;
    });
    let isReached = false;
    globalThis.paletteGate = () => {
      isReached = true;
      return opened;
    };
    const sets = { one: { types: ['busy-type'], inside: 'await globalThis.paletteGate();', isAsync: true } };
    const upgrade = instance.add({ name: 'busy', version: '2.0.0', sets }, '1.0.0');
    await instance.until(() => isReached, 'the new version is being loaded');
    const changed = flowsWith('busy-type');
    changed.at(-1).value = 'newer';
    const update = instance.update(changed);
    for (let turns = 0; turns < 100; turns += 1) {
      await new Promise(setImmediate);
    }
    open();
    assert.deepEqual((await update).missingTypes, []);
    assert.deepEqual((await upgrade).loaded, ['busy']);
    assert.equal(instance.versionOf('n-busy-type'), '2.0.0');
    assert.equal(instance.last('n-busy-type').value, 'newer');
  });

  test('dependencies of its own come with it; one that it shares and that was replaced keeps it back', async () => {
    const dependency = (version) =>
      instance.install({ name: 'own-dependency', version, files: { 'index.js': `module.exports = '${version}';` } });
    const sets = { one: { types: ['own-dep-type'], before: "globalThis.ownDependency = require('own-dependency');" } };
    dependency('1.0.0');
    await instance.add({ name: 'has-dependency', sets });
    await instance.update(flowsWith('own-dep-type', 'sharing-one'));
    assert.equal(globalThis.ownDependency, '1.0.0');
    dependency('2.0.0');
    assert.deepEqual((await instance.add({ name: 'has-dependency', version: '1.0.1', sets }, '1.0.0')).loaded, [
      'has-dependency'
    ]);
    assert.equal(globalThis.ownDependency, '2.0.0');

    // Shared, and as it was.
    const sharing = { one: { types: ['sharing-one'], before: "require('shared-library');" } };
    assert.deepEqual((await instance.add({ name: 'sharing-one', version: '1.0.1', sets: sharing }, '1.0.0')).loaded, [
      'sharing-one'
    ]);
    // Shared, and new.
    instance.install({
      name: 'shared-library',
      version: '2.0.0',
      files: { 'index.js': "module.exports = 'another';" }
    });
    const result = await instance.add({ name: 'sharing-one', version: '1.0.2', sets: sharing }, '1.0.1');
    assert.match(
      result.restart[0].reason,
      /\(shared-library, which it shares with other code, has been replaced too\)$/
    );
    assert.equal(instance.versionOf('n-sharing-one'), '1.0.1');
  });

  const addon = fs
    .readdirSync(path.join(__dirname, '..', '..', '..'))
    .find((file) => /^node-red-storage-valkey\..*\.node$/.test(file));
  test('a native addon', { skip: !addon }, async () => {
    const file = path.join(__dirname, '..', '..', '..', addon);
    await instance.install({
      name: 'native-dependency',
      files: { 'index.js': "require('./build/addon.node');", 'build/empty': '' }
    });
    fs.copyFileSync(file, path.join(instance.userDir, 'node_modules/native-dependency/build/addon.node'));
    await keptBack(
      { name: 'is-native', sets: { one: { types: ['native-type'], before: "require('native-dependency');" } } },
      /\(it uses a native addon\)$/
    );
  });

  test('code that others use', async () => {
    await instance.add({ name: 'is-used', sets: { one: ['is-used-type'] } });
    await instance.add({
      name: 'uses-it',
      sets: { one: { types: ['uses-it-type'], before: "require('is-used/version.js');" } }
    });
    await keptBack({ name: 'is-used', sets: { one: ['is-used-type'] } }, /\(uses-it uses its code\)$/, false);
  });

  test('a plugin, a subflow, nodes of another package', async () => {
    const manifest = { 'node-red': { nodes: { one: 'one.js' }, plugins: { plugin: 'plugin.js' } } };
    if (!instance.isBefore31) {
      // which does not load such a package
      await keptBack(
        { name: 'live-plugin', sets: { one: ['live-plugin-type'] }, manifest, files: { 'plugin.js': '' } },
        /\(it has plugins\)$/
      );
    }
    const subflow = {
      type: 'subflow',
      id: 'live-sf',
      name: 'S',
      in: [],
      out: [],
      meta: { type: 'live-subflow' },
      flow: []
    };
    const code = `module.exports = (RED) => RED.nodes.registerSubflow(${JSON.stringify(subflow)});`;
    await keptBack(
      { name: 'live-subflow', manifest: { 'node-red': { nodes: { flow: 'flow.js' } } }, files: { 'flow.js': code } },
      /\(it has subflows\)$/
    );
    await instance.add({ name: 'live-base', sets: { one: ['live-base-type'] } });
    await keptBack(
      {
        name: 'live-builds-on',
        sets: { one: ['live-builds-on-type'] },
        manifest: { 'node-red': { nodes: { one: 'one.js' }, dependencies: ['live-base'] } }
      },
      /\(it shares nodes with another package\)$/
    );
    await keptBack(
      { name: 'live-base', sets: { one: ['live-base-type'] } },
      /\(it shares nodes with another package\)$/,
      false
    );
  });

  test('an ES module', async (context) => {
    const files = (value) => ({
      'one.mjs': `export default function (RED) { RED.nodes.registerType('es-type', function (config) { RED.nodes.createNode(this, config); this.code = '${value}'; }); }`
    });
    const manifest = { 'node-red': { nodes: { one: 'one.mjs' } } };
    const first = await instance.add({ name: 'es-module', manifest, files: files('old') });
    if (first.failed.length > 0) {
      context.skip('this Node-RED does not load ES modules');
      return;
    }
    await instance.update(flowsWith('es-type'));
    const second = await instance.add({ name: 'es-module', version: '2.0.0', manifest, files: files('new') }, '1.0.0');
    assert.match(second.restart[0].reason, /\(the new version is an ES module\)$/);
    assert.equal(instance.node('n-es-type').code, 'old');
    const third = await instance.add({ name: 'es-module', version: '3.0.0', sets: { one: ['es-type'] } }, '2.0.0');
    assert.match(third.restart[0].reason, /\(it (is|uses) an ES module\)$/);
    // Removed and installed again it can only be the first version.
    await instance.update(BASE);
    await instance.drop('es-module');
    const fourth = await instance.add({ name: 'es-module', version: '2.0.0', manifest, files: files('new') });
    assert.match(
      fourth.restart[0].reason,
      /^2\.0\.0 is installed, none of it runs until this worker is restarted \(Node\.js loads an ES module once, and has loaded another version\)$/
    );
    const fifth = await instance.add({ name: 'es-module', version: '1.0.0', manifest, files: files('old') });
    assert.deepEqual(fifth, { loaded: ['es-module'], restart: [], failed: [] });
  });

  test('what the package leaves in the process is told', async () => {
    const inside = `
      globalThis.paletteTimers = (globalThis.paletteTimers || []).concat(setInterval(() => {}, 1000000));
      RED.events.on('test-event', () => {});
      RED.httpNode.get('/left-behind', () => {});
      clearInterval(setInterval(() => {}, 1000));`;
    try {
      await instance.add({ name: 'leaves-things', sets: { one: { types: ['leaving-type'], inside } } });
      await instance.update(flowsWith('leaving-type'));
      const result = await instance.add(
        { name: 'leaves-things', version: '2.0.0', sets: { one: { types: ['leaving-type'], inside } } },
        '1.0.0'
      );
      assert.deepEqual(result.loaded, []);
      assert.match(
        result.restart[0].reason,
        /^2\.0\.0 runs in place of 1\.0\.0, but only in part until this worker is restarted \(it sets up timers, HTTP routes, event listeners when it is loaded, and those of 1\.0\.0 go on\)$/
      );
      assert.equal(instance.versionOf('n-leaving-type'), '2.0.0');
    } finally {
      (globalThis.paletteTimers || []).forEach((timer) => clearInterval(timer));
    }
  });

  test('a library that Function nodes have loaded', async () => {
    await instance.add({ name: 'a-library', files: { 'index.js': 'module.exports = 1;' } });
    const idle = await instance.add(
      { name: 'a-library', version: '1.0.1', files: { 'index.js': 'module.exports = 2;' } },
      '1.0.0'
    );
    assert.deepEqual(idle.loaded, ['a-library']);
    require(path.join(instance.userDir, 'node_modules/a-library'));
    const used = await instance.add(
      { name: 'a-library', version: '1.0.2', files: { 'index.js': 'module.exports = 3;' } },
      '1.0.1'
    );
    assert.match(used.restart[0].reason, /\(code that uses it is loaded\)$/);
  });

  /** A next version of the package is reported with this reason, and the old one runs on. */
  async function keptBack(given, reason, isNew = true) {
    if (isNew) {
      const first = await instance.add(given);
      assert.deepEqual(first.failed, [], given.name);
    }
    const type = instance.info(given.name).nodes[0].types[0];
    await instance.update(flowsWith(type));
    const before = instance.node(`n-${type}`);
    const result = await instance.add({ ...given, version: '9.0.0' }, '1.0.0');
    assert.deepEqual(result.loaded, [], given.name);
    assert.match(result.restart[0].reason, reason);
    assert.equal(instance.node(`n-${type}`), before);
    assert.equal(instance.info(given.name).version, '1.0.0');
  }
}

module.exports = { liveTests };
