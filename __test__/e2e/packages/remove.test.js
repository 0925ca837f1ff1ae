'use strict';

// What is removed from the admin's palette is removed from workers, once nothing uses it.

const assert = require('node:assert/strict');

const { npmChanges } = require('../../support/npm/runs.js');
const {
  DEADLINE,
  dependenciesOf,
  npm,
  packageTest,
  untilOnDisk,
  versionOnDisk
} = require('../../support/npm/package-test.js');
const { answering, library } = require('../../support/npm/kinds.js');
const { installModule, removeModule, typeAnswer, typeFlow, untilType } = require('../../support/npm/palette-api.js');

packageTest('a package that is removed goes from the worker, its types too', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('going', '1.0.0'));
  registry.publish(answering('staying', '1.0.0'));
  registry.publish(library('of-the-operator', '1.0.0'));
  const admin = await cluster.admin({ packages: ['going', 'staying'], flows: typeFlow(['staying']) });
  await cluster.untilList({ going: '1.0.0', staying: '1.0.0' });
  const worker = await cluster.worker({ packages: ['of-the-operator'] });
  const { pid } = worker;
  await untilType(worker, 'staying', '1.0.0');
  await untilOnDisk(worker, { going: '1.0.0' });

  await removeModule(admin, 'going');
  await cluster.untilList({ staying: '1.0.0' });
  await untilOnDisk(worker, { going: undefined, staying: '1.0.0', 'of-the-operator': '1.0.0' });
  assert.equal(await typeAnswer(worker, 'staying'), '1.0.0');

  // Only when nothing of the old one is left can another version take its place without a restart.
  registry.publish(answering('going', '2.0.0'));
  await installModule(admin, 'going', '2.0.0');
  await admin.deploy(typeFlow(['going', 'staying']));
  await untilType(worker, 'going', '2.0.0');
  assert.equal(worker.pid, pid);
  assert.equal(versionOnDisk(worker, 'of-the-operator'), '1.0.0', 'what others installed stays');
});

packageTest('several are removed in one run of npm', async (t, cluster) => {
  const names = ['one', 'two', '@scope/three'];
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  await cluster.deployed([]);
  const worker = await cluster.worker();
  await cluster.store({ one: '1.0.0', two: '1.0.0', '@scope/three': '1.0.0' });
  await untilOnDisk(worker, { one: '1.0.0', two: '1.0.0', '@scope/three': '1.0.0' });
  const before = npmChanges(worker.userDir).length;
  await cluster.store({});
  await untilOnDisk(worker, { one: undefined, two: undefined, '@scope/three': undefined });
  assert.equal(npmChanges(worker.userDir).length, before + 1);
});

packageTest('a package in use is removed after the deploy that stops using it', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('in-use', '1.0.0'));
  registry.publish(answering('other', '1.0.0'));
  const admin = await cluster.admin({ packages: ['in-use', 'other'], flows: typeFlow(['in-use', 'other']) });
  await cluster.untilList({ 'in-use': '1.0.0', other: '1.0.0' });
  const worker = await cluster.worker();
  const { pid } = worker;
  await untilType(worker, 'in-use', '1.0.0');

  // Node-RED refuses this on the admin, too; an operator can do it by hand.
  await admin.stop();
  await npm(admin.userDir, 'uninstall', 'in-use');
  const from = worker.mark();
  await admin.restart();
  await cluster.untilList({ other: '1.0.0' });
  await worker.waitForLog(/\[ValkeyStorage\] .*in-use/, { deadline: 60_000, from });
  assert.equal(await typeAnswer(worker, 'in-use'), '1.0.0');
  assert.equal(versionOnDisk(worker, 'in-use'), '1.0.0');

  await admin.deploy(typeFlow(['other']));
  await untilOnDisk(worker, { 'in-use': undefined, other: '1.0.0' });
  assert.equal(await typeAnswer(worker, 'other'), '1.0.0');
  assert.equal(worker.pid, pid);
  assert.deepEqual(Object.keys(dependenciesOf(worker)), ['other']);
});

packageTest('a package that a late update stops using goes when that is complete', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('before', '1.0.0'));
  registry.publish(answering('late', '1.0.0'));
  const admin = await cluster.admin({ packages: ['before'], flows: typeFlow(['before']) });
  const worker = await cluster.worker({ valkey: { packageSyncTimeout: 3000 } });
  await untilType(worker, 'before', '1.0.0');

  await installModule(admin, 'late');
  registry.unpublish('late');
  await admin.deploy(typeFlow(['late']), { type: 'nodes' });
  await worker.waitForLog(/node types that are not installed: late/, { deadline: DEADLINE });
  await removeModule(admin, 'before');
  await worker.waitForLog(/before left the list, but the running flows use it/, { deadline: DEADLINE });
  registry.publish(answering('late', '1.0.0'));
  await untilType(worker, 'late', '1.0.0', 2 * DEADLINE);
  await untilOnDisk(worker, { before: undefined, late: '1.0.0' });
});
