'use strict';

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { flowsWith, startPalette } = require('../support/instance');
const { installPackage } = require('../support/packages');

let instance;
before(async () => {
  instance = await startPalette({
    upgrade: 'live',
    flows: flowsWith('safe-type'),
    settings: { safeMode: true },
    prepare: (userDir) => installPackage(userDir, { name: 'safe', sets: { one: ['safe-type'] } })
  });
});
after(() => instance.stop());

test('safe mode stays safe when a package is replaced, and counts as use', async () => {
  const result = await instance.add({ name: 'safe', version: '2.0.0', sets: { one: ['safe-type'] } }, '1.0.0');
  assert.deepEqual(result.loaded, ['safe']);
  assert.deepEqual(instance.records, []);
  assert.equal(instance.runtime.settings.safeMode, true);
  assert.deepEqual((await instance.palette.remove(['safe'])).inUse, ['safe']);
  // When a user starts the flows, the new code runs.
  await instance.runtime.nodes.loadFlows(true);
  await instance.until(() => instance.versionOf('n-safe-type') === '2.0.0', 'the node runs');
});
