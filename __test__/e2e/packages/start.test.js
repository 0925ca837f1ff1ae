'use strict';

// A worker that starts: with what it lacks, after it was away, with a registry that hangs.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { npmChanges, npmRuns } = require('../../support/npm/runs.js');
const { DEADLINE, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering } = require('../../support/npm/kinds.js');
const { installModule, removeModule, typeFlow, untilType, upgradeModule } = require('../../support/npm/palette-api.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

packageTest('a fresh worker has its packages before its flows start', async (t, cluster) => {
  const names = ['one', 'two', '@scope/three'];
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  await cluster.admin({ packages: names, flows: typeFlow(['one', 'two', 'three']) });
  await cluster.untilList({ one: '1.0.0', two: '1.0.0', '@scope/three': '1.0.0' });
  const worker = await cluster.worker();
  for (const type of ['one', 'two', 'three']) {
    await untilType(worker, type, '1.0.0');
  }
  assert.doesNotMatch(worker.logs, /missing types|\[error\]/i);
  assert.equal(npmChanges(worker.userDir).length, 1);
});

packageTest('a worker that was away catches up with what was installed, upgraded and removed', async (t, cluster) => {
  for (const name of ['added', 'upgraded', 'removed']) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  cluster.registry.publish(answering('upgraded', '2.0.0'));
  const admin = await cluster.admin({ packages: ['upgraded@1.0.0', 'removed'], flows: typeFlow(['upgraded']) });
  await cluster.untilList({ removed: '1.0.0', upgraded: '1.0.0' });
  const worker = await cluster.worker();
  await untilType(worker, 'upgraded', '1.0.0');
  await worker.stop();
  const before = npmChanges(worker.userDir).length;

  await installModule(admin, 'added');
  await upgradeModule(admin, 'upgraded', '2.0.0');
  await removeModule(admin, 'removed');
  await admin.deploy(typeFlow(['added', 'upgraded']));
  await cluster.untilList({ added: '1.0.0', upgraded: '2.0.0' });
  await worker.restart();
  await untilType(worker, 'added', '1.0.0');
  await untilType(worker, 'upgraded', '2.0.0');
  await untilOnDisk(worker, { added: '1.0.0', removed: undefined, upgraded: '2.0.0' });
  const runs = npmChanges(worker.userDir).slice(before);
  assert.ok(runs.length <= 2, runs.map(({ argv }) => argv.join(' ')).join('\n'));
});

packageTest('an unchanged list starts no npm', async (t, cluster) => {
  cluster.registry.publish(answering('unchanged', '1.0.0'));
  const admin = await cluster.admin({ packages: ['unchanged'], flows: typeFlow(['unchanged']) });
  await cluster.untilList({ unchanged: '1.0.0' });
  const worker = await cluster.worker();
  await untilType(worker, 'unchanged', '1.0.0');
  const runsOf = () => [worker, admin].map(({ userDir }) => npmRuns(userDir).length);
  const before = runsOf();
  const asked = cluster.registry.requests.length;

  await worker.restart();
  await untilType(worker, 'unchanged', '1.0.0');
  await admin.restart();
  await untilType(admin, 'unchanged', '1.0.0');
  await cluster.store(await cluster.list());
  await admin.deploy([...typeFlow(['unchanged']), ...answerFlow('after')]);
  await untilAnswer(worker, 'after:none', DEADLINE);
  assert.deepEqual(runsOf(), before);
  assert.equal(cluster.registry.requests.length, asked);
});

packageTest('packages that were copied into an empty user directory are not installed again', async (t, cluster) => {
  cluster.registry.publish(answering('copied', '1.0.0'));
  await cluster.deployed(typeFlow(['copied']), { packages: ['copied'] });
  // As an image has them, for a container that copies them before.
  const image = await cluster.userDir('image', ['copied@1.0.0']);
  const userDir = await cluster.userDir('worker');
  for (const name of ['node_modules', 'package.json', 'package-lock.json']) {
    fs.cpSync(path.join(image, name), path.join(userDir, name), { recursive: true });
  }
  const asked = cluster.registry.requests.length;
  const worker = await cluster.worker({ userDir });
  await untilType(worker, 'copied', '1.0.0');
  assert.deepEqual(npmRuns(userDir), []);
  assert.equal(cluster.registry.requests.length, asked);
});

packageTest('a registry that hangs holds up the start for packageSyncTimeout at most', async (t, cluster) => {
  const timeout = 4000;
  cluster.registry.publish(answering('hanging', '1.0.0'));
  const admin = await cluster.admin({ packages: ['hanging'], flows: answerFlow('started') });
  await cluster.untilList({ hanging: '1.0.0' });
  const release = cluster.registry.slow('*');
  const began = performance.now();
  const worker = await cluster.worker({ valkey: { packageSyncTimeout: timeout } });
  await untilAnswer(worker, 'started:none', DEADLINE);
  const took = Math.round(performance.now() - began);
  t.diagnostic(`flows ran ${took} ms after the process was started, with a limit of ${timeout} ms`);
  // Node-RED itself takes its time on a busy machine, but not npm's own five minutes.
  assert.ok(took < timeout + 30_000);
  assert.ok(cluster.registry.count('packument', 'hanging') > 1, 'npm asks, and waits');

  await admin.deploy([...answerFlow('later'), ...typeFlow(['hanging'])]);
  const { pid } = worker;
  release();
  await untilType(worker, 'hanging', '1.0.0', 2 * DEADLINE);
  await untilAnswer(worker, 'later:none', DEADLINE);
  assert.equal(worker.pid, pid);
});
