'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { BASE, flowsWith, startPalette } = require('./instance');

/** The tests of what keeps a new version from running at once, for a Node-RED with the editor or without. */
function blockersTests({ editor }) {
  let instance;
  before(async () => {
    instance = await startPalette({ editor, upgrade: 'live' });
  });
  after(() => instance.stop());
  beforeEach(() => instance.reset(BASE));

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

module.exports = { blockersTests };
