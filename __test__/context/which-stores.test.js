'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { isSharedStore } = require('../../lib/context/which-stores.js');

const OURS = Object.assign(() => {}, { toString: () => 'node-red-storage-valkey/context' });
const ours = { module: OURS, config: {} };
const memory = { module: 'memory' };

test('a store is shared when its module is ours, by name or as the default one', () => {
  for (const [stores, name, expected] of [
    [{ default: ours }, undefined, true],
    [{ default: ours }, 'default', true],
    [{ default: memory, valkey: ours }, undefined, false],
    [{ default: memory, valkey: ours }, 'valkey', true],
    [{ default: memory, valkey: { module: 'node-red-storage-valkey/context' } }, 'valkey', true],
    [{ default: 'valkey', memory, valkey: ours }, undefined, true],
    [{ default: 'memory', memory, valkey: ours }, undefined, false],
    // As Node-RED does: the first one, and the default one for a name that there is not.
    [{ valkey: ours, memory }, undefined, true],
    [{ memory, valkey: ours }, undefined, false],
    [{ default: ours, memory }, 'gone', true],
    [{ default: ours }, 'constructor', true],
    [{ default: null }, undefined, false],
    [{}, undefined, false],
    [undefined, 'valkey', false]
  ]) {
    assert.equal(isSharedStore(stores, name), expected, JSON.stringify([Object.keys(stores ?? {}), name]));
  }
});
