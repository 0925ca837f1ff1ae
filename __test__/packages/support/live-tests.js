'use strict';

const assert = require('node:assert/strict');
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
}

module.exports = { liveTests };
