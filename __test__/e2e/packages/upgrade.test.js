'use strict';

// A new version of a package whose types run: reported, taken over live, or with a restart.

const assert = require('node:assert/strict');
const { describe } = require('node:test');

const { packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering, nativeAddon } = require('../../support/npm/kinds.js');
const { installModule, typeAnswer, typeFlow, untilType, upgradeModule } = require('../../support/npm/palette-api.js');
const { requestFlow } = require('../../support/request-flow.js');
const { trackedFlow, trackedOn } = require('../support/tracked.js');

const RESTART_CODE = 75;
/** Workers don't all restart at once: up to 30 s, and the end of Node-RED itself. */
const RESTART_DEADLINE = 60_000;

/** A flow that answers `GET /count` with how often it was asked, from the context of its node. */
function countFlow() {
  return requestFlow('count', {
    type: 'function',
    func: "const count = (context.get('count') || 0) + 1;\ncontext.set('count', count);\nmsg.payload = String(count);\nreturn msg;"
  });
}

const bystander = trackedFlow({ bystander: { value: '1' } }, { tab: 'bystander-tab' });
const flowsOf = (types) => [...bystander, ...countFlow(), ...typeFlow(types)];
const count = async (instance) => Number((await instance.http('/count')).text);

/** An admin and a worker that run version 1.0.0 of packages; `{ admin, worker }`. */
async function running(cluster, names, valkey) {
  const admin = await cluster.admin({ packages: names.map((name) => `${name}@1.0.0`), flows: flowsOf(names) });
  await cluster.untilList(Object.fromEntries(names.map((name) => [name, '1.0.0'])));
  const worker = await cluster.worker({ valkey });
  for (const name of names) {
    await untilType(worker, name, '1.0.0');
  }
  return { admin, worker };
}

const reportOf = (name) => new RegExp(`\\[warn\\] \\[ValkeyStorage\\] .*${name}.*2\\.0\\.0`);

describe('a new version', { concurrency: 2 }, () => {
  packageTest('is reported, and runs after the next start', async (t, cluster) => {
    for (const version of ['1.0.0', '2.0.0']) {
      cluster.registry.publish(answering('reported', version));
    }
    const { admin, worker } = await running(cluster, ['reported'], {});
    const { pid } = worker;
    await upgradeModule(admin, 'reported', '2.0.0');
    await worker.waitForLog(reportOf('reported'), { deadline: 60_000 });
    await untilOnDisk(worker, { reported: '2.0.0' });
    assert.equal(await typeAnswer(worker, 'reported'), '1.0.0');
    assert.equal(worker.pid, pid);
    await worker.restart();
    await untilType(worker, 'reported', '2.0.0');
  });

  packageTest('is taken over live; what else runs is not disturbed', async (t, cluster) => {
    for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
      cluster.registry.publish(answering('live', version));
    }
    cluster.registry.publish(answering('beside', '1.0.0'));
    const { admin, worker } = await running(cluster, ['live', 'beside'], { packageUpgrade: 'live' });
    const { pid } = worker;
    assert.equal(await count(worker), 1);
    for (const [at, version] of ['2.0.0', '3.0.0'].entries()) {
      await upgradeModule(admin, 'live', version);
      await untilType(worker, 'live', version);
      assert.equal(await count(worker), at + 2, 'the context of the other tab lives on');
    }
    assert.equal((await trackedOn(worker)).bystander.starts, 1);
    assert.equal(await typeAnswer(worker, 'beside'), '1.0.0');
    assert.equal(worker.pid, pid);
    // The next deploys are taken over as ever.
    await admin.deploy(flowsOf(['beside']), { type: 'nodes' });
    await untilType(worker, 'live', 'status 404');
    await admin.deploy(flowsOf(['live', 'beside']), { type: 'nodes' });
    await untilType(worker, 'live', '3.0.0');
    assert.equal((await trackedOn(worker)).bystander.starts, 1);
  });

  packageTest('of a package with a native addon is reported, even where live was asked for', async (t, cluster) => {
    for (const version of ['1.0.0', '2.0.0']) {
      cluster.registry.publish(nativeAddon('native', version));
    }
    const { admin, worker } = await running(cluster, ['native'], { packageUpgrade: 'live' });
    const { pid } = worker;
    await upgradeModule(admin, 'native', '2.0.0');
    await worker.waitForLog(reportOf('native'), { deadline: 60_000 });
    await untilOnDisk(worker, { native: '2.0.0' });
    assert.equal(await typeAnswer(worker, 'native'), '1.0.0');
    assert.equal(worker.pid, pid);
    assert.equal((await trackedOn(worker)).bystander.starts, 1);
    await worker.restart();
    await untilType(worker, 'native', '2.0.0');
  });

  packageTest('ends the process where a restart was asked for; a first version does not', async (t, cluster) => {
    for (const version of ['1.0.0', '2.0.0']) {
      cluster.registry.publish(answering('restarted', version));
    }
    cluster.registry.publish(answering('added', '1.0.0'));
    const { admin, worker } = await running(cluster, ['restarted'], { packageUpgrade: 'restart' });
    await installModule(admin, 'added');
    await admin.deploy(flowsOf(['restarted', 'added']));
    await untilType(worker, 'added', '1.0.0');
    assert.ok(worker.running);

    const began = performance.now();
    await upgradeModule(admin, 'restarted', '2.0.0');
    await worker.waitUntilEnded(RESTART_DEADLINE);
    t.diagnostic(`ended after ${Math.round(performance.now() - began)} ms`);
    assert.equal(worker.child.exitCode, RESTART_CODE, worker.tail());
    assert.match(worker.logs, /Stopped flows/, 'ended as Node-RED does');
    // As a service would.
    await worker.restart();
    await untilType(worker, 'restarted', '2.0.0');
  });
});
