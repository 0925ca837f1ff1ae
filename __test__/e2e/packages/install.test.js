'use strict';

// What is installed in the admin's palette runs in the flows of a worker, without a restart.

const assert = require('node:assert/strict');

const { npmChanges } = require('../../support/npm/runs.js');
const { npm, packageTest, untilOnDisk, versionOnDisk } = require('../../support/npm/package-test.js');
const { answering, esModule, library } = require('../../support/npm/kinds.js');
const { installModule, removeModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');

packageTest('a package of the palette runs in the flow of a worker, in the same process', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('node-red-contrib-first', '1.0.0', { types: ['first'] }));
  const admin = await cluster.admin();
  const worker = await cluster.worker();
  const { pid } = worker;

  const { version } = await installModule(admin, 'node-red-contrib-first');
  assert.equal(version, '1.0.0');
  const installed = Date.now();
  await admin.deploy(typeFlow(['first']));
  await untilType(worker, 'first', '1.0.0');
  const answered = Date.now();

  const [run, ...more] = npmChanges(worker.userDir);
  assert.deepEqual(more, [], 'one run of npm');
  const own = Math.round(run.ended - run.began);
  t.diagnostic(
    `${answered - installed} ms after the palette's answer, ` +
      `npm ran ${own} ms of it: ${answered - installed - own} ms beyond npm's own`
  );
  assert.equal(worker.pid, pid);
  assert.ok(worker.running);
  assert.doesNotMatch(worker.logs, /\[error\]/);
});

packageTest('packages with a scope, without node-red- in their name, and without node types', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(library('needed', '3.0.0'));
  registry.publish(answering('@scope/sensor', '1.2.3', { types: ['sensor'], dependencies: { needed: '3.x' } }));
  registry.publish(answering('thermometer', '0.0.1', { types: ['thermometer', 'thermostat'] }));
  registry.publish(esModule('from-a-module', '4.0.0-beta.1'));
  const admin = await cluster.admin();
  const worker = await cluster.worker();

  for (const name of ['@scope/sensor', 'thermometer', 'from-a-module']) {
    await installModule(admin, name);
  }
  await admin.deploy(typeFlow(['sensor', 'thermometer', 'thermostat', 'from-a-module']));
  await untilType(worker, 'sensor', '1.2.3');
  await untilType(worker, 'thermometer', '0.0.1');
  await untilType(worker, 'thermostat', '0.0.1');
  await untilType(worker, 'from-a-module', '4.0.0-beta.1');
  assert.equal(versionOnDisk(worker, 'needed'), '3.0.0');
  assert.doesNotMatch(worker.logs, /\[error\]/);
});

packageTest('node types of a dependency reach a running worker with the package that needs it', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('config-nodes', '1.0.0', { types: ['of-a-dependency'] }));
  registry.publish(answering('main-nodes', '1.0.0', { types: ['main'], dependencies: { 'config-nodes': '1.x' } }));
  const admin = await cluster.admin();
  const worker = await cluster.worker();
  const { pid } = worker;

  await installModule(admin, 'main-nodes');
  await cluster.untilList({ 'main-nodes': '1.0.0' });
  // The admin has the type after its next start.
  await admin.restart();
  await admin.deploy(typeFlow(['main', 'of-a-dependency']));
  await untilType(worker, 'main', '1.0.0');
  await untilType(worker, 'of-a-dependency', '1.0.0');

  // It goes with the package as well.
  await admin.deploy([]);
  await removeModule(admin, 'main-nodes');
  await worker.waitForLog(/package main-nodes@1\.0\.0 is removed: main, of-a-dependency/);
  await untilOnDisk(worker, { 'main-nodes': undefined, 'config-nodes': undefined });
  assert.equal(worker.pid, pid);
  assert.doesNotMatch(worker.logs, /\[error\]/);
});

packageTest(
  'a worker has exactly the version of the admin, although a newer one fits the range',
  async (t, cluster) => {
    const { registry } = cluster;
    for (const version of ['1.0.0', '1.0.1', '1.1.0']) {
      registry.publish(answering('exact', version));
    }
    const admin = await cluster.admin({ packages: ['exact@1.0.0'] });
    await cluster.untilList({ exact: '1.0.0' });
    const worker = await cluster.worker();
    await admin.deploy(typeFlow(['exact']));
    await untilType(worker, 'exact', '1.0.0');
    assert.equal(versionOnDisk(worker, 'exact'), '1.0.0');
  }
);

packageTest('ten packages reach a fresh worker in one run of npm', async (t, cluster) => {
  const names = Array.from({ length: 10 }, (_, at) => `package-${at}`);
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  await cluster.admin({ packages: names, flows: typeFlow(names) });
  await cluster.untilList(Object.fromEntries(names.map((name) => [name, '1.0.0'])));
  const worker = await cluster.worker();
  for (const name of names) {
    await untilType(worker, name, '1.0.0');
  }
  const runs = npmChanges(worker.userDir);
  assert.equal(runs.length, 1, runs.map(({ argv }) => argv.join(' ')).join('\n'));
  t.diagnostic(`npm ran ${Math.round(runs[0].ended - runs[0].began)} ms`);
});

packageTest('ten packages that come to a running worker at once are one run of npm', async (t, cluster) => {
  const names = Array.from({ length: 10 }, (_, at) => `package-${at}`);
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  await cluster.deployed([]);
  const worker = await cluster.worker();
  await cluster.store(Object.fromEntries(names.map((name) => [name, '1.0.0'])));
  await untilOnDisk(worker, Object.fromEntries(names.map((name) => [name, '1.0.0'])));
  assert.equal(npmChanges(worker.userDir).length, 1);
});

packageTest(
  'a package that an operator has installed on a running worker is loaded when it comes on the list',
  async (t, cluster) => {
    cluster.registry.publish(answering('at-start', '1.0.0'));
    cluster.registry.publish(answering('by-hand', '1.0.0'));
    const admin = await cluster.admin({ packages: ['at-start@1.0.0'] });
    const worker = await cluster.worker({ packages: ['at-start@1.0.0'] });
    await npm(worker.userDir, 'install', 'by-hand@1.0.0');
    const runs = npmChanges(worker.userDir).length;

    await installModule(admin, 'by-hand');
    await admin.deploy(typeFlow(['at-start', 'by-hand']));
    await untilType(worker, 'by-hand', '1.0.0');
    await untilType(worker, 'at-start', '1.0.0');
    assert.equal(npmChanges(worker.userDir).length, runs);
    assert.equal(worker.logs.match(/package by-hand@1\.0\.0 is loaded/g).length, 1);
    assert.doesNotMatch(worker.logs, /package at-start|\[error\]/);
  }
);
