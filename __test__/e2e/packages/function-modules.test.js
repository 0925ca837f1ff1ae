'use strict';

// Modules of Function nodes are among the packages of the admin; Node-RED on a worker installs
// them, too, when it meets them in a flow: one of both does it.

const assert = require('node:assert/strict');
const { setTimeout: delay } = require('node:timers/promises');

const { npmChanges } = require('../../support/npm/runs.js');
const { DEADLINE, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering, library } = require('../../support/npm/kinds.js');
const { startPackageServer } = require('../../support/npm/registry.js');
const { typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { requestFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

/** A flow that answers `GET /library` with what a module of its Function node exports as version. */
function libraryFlow(module) {
  return requestFlow('library', {
    type: 'function',
    func: 'msg.payload = library.version;\nreturn msg;',
    libs: [{ var: 'library', module }]
  });
}

for (const moment of ['while the worker runs', 'before the worker starts']) {
  packageTest(`a module of a Function node is installed once, deployed ${moment}`, async (t, cluster) => {
    const { registry } = cluster;
    // The worker's own, in which npm takes its time: the list comes while Node-RED's npm runs.
    const slow = await startPackageServer();
    t.after(() => slow.close());
    slow.slow('function-library', 1500);
    const userDir = await cluster.userDir('worker');
    slow.npmrc(userDir);
    const settings = { functionExternalModules: true, autoInstallModules: true };
    for (const one of [registry, slow]) {
      one.publish(library('function-library', '1.2.3'));
      one.publish(answering('beside', '1.0.0'));
    }
    const admin = await cluster.admin({ settings, packages: ['beside'], flows: answerFlow('first') });
    let worker = moment.startsWith('while') && (await cluster.worker({ settings, userDir }));
    if (worker) {
      await untilAnswer(worker, 'first:none', DEADLINE);
      await untilOnDisk(worker, { beside: '1.0.0' });
    }
    const before = worker ? npmChanges(worker.userDir).length : 0;
    await admin.deploy([...answerFlow('second'), ...libraryFlow('function-library'), ...typeFlow(['beside'])]);
    await until(async () => (await admin.http('/library', { deadline: 1000 })).text === '1.2.3', {
      deadline: DEADLINE,
      message: () => `answer of the admin; ${admin.tail()}`
    });
    await cluster.untilList({ beside: '1.0.0', 'function-library': '1.2.3' });
    worker ||= await cluster.worker({ settings, userDir });
    await until(async () => (await worker.http('/library', { deadline: 1000 })).text === '1.2.3', {
      deadline: DEADLINE,
      message: () => `answer of the worker; ${worker.tail()}`
    });
    await untilType(worker, 'beside', '1.0.0');
    await untilOnDisk(worker, { beside: '1.0.0', 'function-library': '1.2.3' });
    const runs = npmChanges(worker.userDir).slice(before);
    assert.equal(runs.length, 1, runs.map(({ argv }) => argv.join(' ')).join('\n'));
    assert.equal(slow.count('tarball', 'function-library'), 1);
  });
}

packageTest(
  'a deploy that needs a module waits for the npm run under way, the earlier one running on',
  async (t, cluster) => {
    const { registry } = cluster;
    registry.publish(library('function-library', '1.2.3'));
    registry.publish(answering('hanging', '1.0.0'));
    const settings = { functionExternalModules: true };
    // Its list would be a newer one.
    const admin = await cluster.admin({ settings, valkey: { syncPackages: false }, flows: answerFlow('before') });
    const worker = await cluster.worker({ settings });
    await untilAnswer(worker, 'before:none', DEADLINE);

    const release = registry.slow('hanging');
    await cluster.store({ hanging: '1.0.0' });
    await until(() => registry.count('packument', 'hanging') > 0, { deadline: DEADLINE, message: 'npm of the worker' });
    await admin.deploy([...answerFlow('after'), ...libraryFlow('function-library')], { type: 'nodes' });
    await until(async () => (await admin.http('/answer', { deadline: 1000 })).text === 'after:none', {
      deadline: DEADLINE,
      message: () => `answer of the admin; ${admin.tail()}`
    });
    // Longer than a deploy takes that does not wait.
    const end = performance.now() + 3000;
    while (performance.now() < end) {
      assert.equal((await worker.http('/answer')).text, 'before:none');
      await delay(100);
    }
    release();
    await untilAnswer(worker, 'after:none', DEADLINE);
    await until(async () => (await worker.http('/library', { deadline: 1000 })).text === '1.2.3', {
      deadline: DEADLINE,
      message: () => `answer of the worker; ${worker.tail()}`
    });
  }
);
