'use strict';

// A deploy that needs a package which is on its way.

const assert = require('node:assert/strict');
const { setTimeout: delay } = require('node:timers/promises');

const { DEADLINE, packageTest } = require('../../support/npm/package-test.js');
const { answering } = require('../../support/npm/kinds.js');
const { installModule, typeAnswer, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { until } = require('../../support/wait.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');
const { trackedFlow, trackedOn } = require('../support/tracked.js');

/** A tab that is left alone, and one with the new type beside a node that changes. */
const flowsOf = (version, types = []) => [
  ...trackedFlow({ bystander: { value: '1' } }, { tab: 'bystander-tab' }),
  ...answerFlow(version),
  ...trackedFlow({ changed: { value: version } }, { tab: 'types' }),
  ...typeFlow(types).slice(1)
];

const untilChanged = (worker, version) =>
  until(async () => (await trackedOn(worker)).changed?.value === version, {
    deadline: DEADLINE,
    message: () => `node with '${version}'; the log ends:\n${worker.tail()}`
  });

packageTest('a package and the flow that uses it come within the same second', async (t, cluster) => {
  const { registry } = cluster;
  const admin = await cluster.admin({ flows: flowsOf('first') });
  const worker = await cluster.worker();
  await untilAnswer(worker, 'first:none', DEADLINE);
  const { pid } = worker;
  for (const at of [1, 2, 3]) {
    const name = `quick-${at}`;
    registry.publish(answering(name, '1.0.0'));
    await installModule(admin, name);
    await admin.deploy(flowsOf(`with ${name}`, [name]), { type: 'nodes' });
    await untilType(worker, name, '1.0.0');
    await untilAnswer(worker, `with ${name}:none`, DEADLINE);
    await untilChanged(worker, `with ${name}`);
  }
  assert.equal((await trackedOn(worker)).bystander.starts, 1);
  assert.equal(worker.pid, pid);
});

packageTest('a deploy waits for its package while the earlier one runs on', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('slow', '1.0.0'));
  const admin = await cluster.admin({ flows: flowsOf('before') });
  const worker = await cluster.worker();
  await untilAnswer(worker, 'before:none', DEADLINE);

  await installModule(admin, 'slow');
  const release = registry.slow('slow');
  const asked = registry.count('packument', 'slow');
  await admin.deploy(flowsOf('after', ['slow']), { type: 'nodes' });
  await until(() => registry.count('packument', 'slow') > asked, { deadline: DEADLINE, message: 'npm of the worker' });
  // Longer than a deploy takes that does not wait.
  const end = performance.now() + 3000;
  while (performance.now() < end) {
    assert.equal((await worker.http('/answer')).text, 'before:none');
    await delay(100);
  }
  assert.equal((await trackedOn(worker)).changed.value, 'before');

  const released = performance.now();
  release();
  await untilType(worker, 'slow', '1.0.0');
  await untilAnswer(worker, 'after:none', DEADLINE);
  await untilChanged(worker, 'after');
  t.diagnostic(`applied ${Math.round(performance.now() - released)} ms after the registry answered`);
  assert.equal((await trackedOn(worker)).bystander.starts, 1);
  assert.doesNotMatch(worker.logs, /missing types/i);
});

packageTest(
  'after packageSyncTimeout a deploy is applied without its package, and whole once that is there',
  async (t, cluster) => {
    const { registry } = cluster;
    registry.publish(answering('late', '1.0.0'));
    const admin = await cluster.admin({ flows: flowsOf('before') });
    const worker = await cluster.worker({ valkey: { packageSyncTimeout: 4000 } });
    await untilAnswer(worker, 'before:none', DEADLINE);
    const { pid } = worker;

    await installModule(admin, 'late');
    const release = registry.slow('late');
    await admin.deploy(flowsOf('after', ['late']), { type: 'nodes' });
    // Node-RED starts what is unchanged, and says what it waits for.
    await worker.waitForLog(/\[warn\] \[ValkeyStorage\] .*node types that are not installed: late/, DEADLINE);
    assert.notEqual(await typeAnswer(worker, 'late', 1000).catch(() => ''), '1.0.0');
    assert.equal((await trackedOn(worker)).bystander.starts, 1);

    release();
    await untilType(worker, 'late', '1.0.0', 2 * DEADLINE);
    await untilAnswer(worker, 'after:none', DEADLINE);
    await untilChanged(worker, 'after');
    const now = await trackedOn(worker);
    assert.equal(now.bystander.starts, 1);
    assert.equal(worker.pid, pid);
  }
);
