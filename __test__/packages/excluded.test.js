'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { excludedModules } = require('../../lib/packages/excluded');
const { tempDir } = require('../support/temp-dir');

const ALWAYS = excludedModules({});

function extra(settings) {
  return excludedModules(settings).filter((name) => !ALWAYS.includes(name));
}

function makePackage(dir, name, file, text) {
  const folder = path.join(dir, 'node_modules', ...name.split('/'));
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  fs.writeFileSync(path.join(folder, file), text);
  return require(path.join(folder, file));
}

test('this module, its binaries and Node-RED are always excluded', () => {
  assert.deepEqual(
    ALWAYS.filter((name) => !/^@node-red\/|^node-red-storage-valkey-/.test(name)),
    ['node-red-storage-valkey', 'node-red']
  );
  const binaries = fs
    .readdirSync(path.join(__dirname, '..', '..', 'npm'))
    .map((platform) => `node-red-storage-valkey-${platform}`);
  assert.deepEqual(ALWAYS.filter((name) => name.startsWith('node-red-storage-valkey-')).sort(), binaries.sort());
  assert.equal(ALWAYS.includes('@node-red/registry'), true);
});

test('what is built in names no package', () => {
  const contextStorage = {
    default: 'memoryOnly',
    memoryOnly: { module: 'memory' },
    file: { module: 'localfilesystem' }
  };
  assert.deepEqual(extra({ storageModule: 'localfilesystem', contextStorage }), []);
  assert.deepEqual(extra({ storageModule: require('../..') }), []);
});

test('stores named by a text', () => {
  const contextStorage = { one: { module: 'context-one' }, two: { module: '@scope/context-two/lib/store' } };
  assert.deepEqual(extra({ storageModule: 'other-storage', contextStorage }), [
    'other-storage',
    'context-one',
    '@scope/context-two'
  ]);
});

test('stores given as what a package exports, or a part of that', () => {
  const dir = tempDir('excluded');
  const factory = makePackage(dir, 'context-factory', 'index.js', 'module.exports = function () {};');
  const { Store } = makePackage(dir, '@scope/context-part', 'lib/index.js', 'exports.Store = class {};');
  const storage = makePackage(dir, 'object-storage', 'dist/main.js', 'module.exports = { init() {} };');
  const contextStorage = {
    one: { module: factory },
    two: { module: Store, config: {} },
    three: { module: function unknown() {} }
  };
  assert.deepEqual(extra({ storageModule: storage, contextStorage }), [
    'object-storage',
    'context-factory',
    '@scope/context-part'
  ]);
});

test('a package that hands on what another one exports is one as well, however often it is handed on', () => {
  const dir = tempDir('excluded');
  const storage = makePackage(dir, 'storage-made', 'index.js', 'module.exports = { init() {} };');
  makePackage(dir, 'storage-handed-on', 'index.js', "exports.storage = require('storage-made');");
  const { ours } = makePackage(
    dir,
    'storage-again',
    'index.js',
    "exports.ours = require('storage-handed-on').storage;"
  );
  assert.equal(ours, storage);
  assert.deepEqual(extra({ storageModule: storage }).sort(), ['storage-again', 'storage-handed-on', 'storage-made']);
});
