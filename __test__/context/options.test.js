'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { storeOptions } = require('../../lib/context/options.js');

const handover = (options) => ({ options, log: {}, readOnly: false, instance: () => null });
const SHARED = { role: 'admin', host: 'valkey', password: 'secret', keyPrefix: 'nodered:' };

test("a store has the storage module's options, and its own over them", () => {
  const config = { settings: { userDir: '/data' } };
  assert.deepEqual(storeOptions(config, handover(SHARED)), SHARED);
  assert.deepEqual(storeOptions({ ...config, keyPrefix: 'other:' }, handover(SHARED)), {
    ...SHARED,
    keyPrefix: 'other:'
  });
});

test('one that names a server stands alone', () => {
  for (const address of [
    { host: 'other' },
    { url: 'redis://other' },
    { sentinels: [{}], name: 'a' },
    { cluster: [{}] }
  ]) {
    assert.deepEqual(storeOptions(address, handover(SHARED)), { role: 'admin', ...address });
  }
});

test('without our storage module it removes nothing, as a worker', () => {
  assert.deepEqual(storeOptions({ host: 'valkey', settings: {} }, undefined), { role: 'worker', host: 'valkey' });
  assert.deepEqual(storeOptions({}, undefined), { role: 'worker' });
});
