'use strict';

// Many changes of the packages, one upon the other: what counts is the last list.

const assert = require('node:assert/strict');
const { setTimeout: delay } = require('node:timers/promises');

const { npmChanges } = require('../../support/npm/runs.js');
const { DEADLINE, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering } = require('../../support/npm/kinds.js');
const { installModule, modulesOf, removeModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

packageTest('twenty changes of the palette end at the last list', async (t, cluster) => {
  const names = ['one', 'two', 'three', 'four'];
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
  }
  const admin = await cluster.admin();
  const worker = await cluster.worker();
  const began = performance.now();
  // Each comes and goes, and the last round leaves two of them.
  const changes = [...names, ...names].flatMap((name) => [
    [installModule, name],
    [removeModule, name]
  ]);
  changes.push([installModule, 'one'], [installModule, 'two'], [removeModule, 'one'], [installModule, 'three']);
  assert.equal(changes.length, 20);
  for (const [change, name] of changes) {
    await change(admin, name);
  }
  t.diagnostic(`twenty changes in ${Math.round(performance.now() - began)} ms`);
  await cluster.untilList({ three: '1.0.0', two: '1.0.0' });
  await untilOnDisk(worker, { one: undefined, two: '1.0.0', three: '1.0.0', four: undefined });
  await admin.deploy(typeFlow(['two', 'three']));
  await untilType(worker, 'two', '1.0.0');
  await untilType(worker, 'three', '1.0.0');
  const { one, four } = await modulesOf(admin);
  assert.deepEqual([one, four], [undefined, undefined]);
  t.diagnostic(`npm ran ${npmChanges(worker.userDir).length} times on the worker`);
});

packageTest('twenty lists in ten seconds end at the last one', async (t, cluster) => {
  const names = ['one', 'two', 'three', 'four'];
  for (const name of names) {
    cluster.registry.publish(answering(name, '1.0.0'));
    cluster.registry.publish(answering(name, '1.1.0'));
  }
  await cluster.deployed(answerFlow('deployed'));
  const worker = await cluster.worker();
  const listOf = (at) => Object.fromEntries(names.filter((_, of) => (at >> of) & 1).map((name) => [name, '1.0.0']));
  for (let at = 1; at < 20; at += 1) {
    await cluster.store(listOf(at));
    await delay(500);
  }
  await cluster.store({ two: '1.1.0', four: '1.0.0' });
  await untilOnDisk(worker, { one: undefined, two: '1.1.0', three: undefined, four: '1.0.0' });
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  const runs = npmChanges(worker.userDir).length;
  t.diagnostic(`npm ran ${runs} times`);
  // A list that is no longer the last when its turn comes is passed over; two runs a list at most.
  assert.ok(runs <= 40);
});
