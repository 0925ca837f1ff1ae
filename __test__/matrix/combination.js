'use strict';

// What must work with every Node-RED, Node.js and server that are supported together. One that is
// run by `npm run test:matrix`, once a combination: TEST_NODE_RED names the folder of a Node-RED,
// TEST_NODE a Node.js with its npm beside it, VALKEY_SERVER a server.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');

const { PREFIX, answerFlow, untilAnswer } = require('../e2e/support/admin-and-workers.js');
const { DEADLINE, packageTest } = require('../support/npm/package-test.js');
const { answering } = require('../support/npm/kinds.js');
const { installModule, typeFlow, untilType } = require('../support/npm/palette-api.js');
const { requestFlow } = require('../support/request-flow.js');

const NODE_RED = require(`${process.env.TEST_NODE_RED || 'node-red'}/package.json`).version;
const NODE = execFileSync(process.env.TEST_NODE || process.execPath, ['--version'], { encoding: 'utf8' }).trim();
const TYPE = 'from-the-palette';

/** A tab that no deploy changes: it counts requests, and its own starts, in the context of the flow. */
const COUNTER = requestFlow('count', {
  type: 'function',
  initialize: "flow.set('starts', (flow.get('starts') || 0) + 1);",
  func: `flow.set('count', (flow.get('count') || 0) + 1);
msg.payload = flow.get('count') + ' in start ' + flow.get('starts');
return msg;`
});

const countOf = async (instance) => (await instance.http('/count')).text;

packageTest('one admin, two workers', async (t, cluster) => {
  cluster.registry.publish(answering('node-red-contrib-matrix', '1.0.0', { types: [TYPE] }));
  const admin = await cluster.admin();
  const worker = await cluster.worker();
  const { pid } = worker;
  const deploy = (...flows) => admin.deploy([...COUNTER, ...flows.flat()]);

  await t.test('versions', () => {
    for (const { logs } of [admin, worker]) {
      // Below a git checkout, as .cache/ is, it calls itself a version of its own.
      assert.equal(/Node-RED version: v(\S+?)(-git)?\s/.exec(logs)?.[1], NODE_RED);
      assert.equal(/Node\.js +version: (\S+)/.exec(logs)?.[1], NODE);
    }
  });

  await t.test('deploy in place', async () => {
    await deploy(answerFlow('one', { token: 'first' }));
    await untilAnswer(worker, 'one:first', DEADLINE);
    assert.equal(await countOf(worker), '1 in start 1');
    await deploy(answerFlow('two'));
    await untilAnswer(worker, 'two:first', DEADLINE);
    assert.equal(await countOf(worker), '2 in start 1', 'the context of the other tab');
    assert.equal(worker.pid, pid);
    assert.ok(worker.running);
  });

  await t.test('credentials', async () => {
    await deploy(answerFlow('two', { token: 'second' }));
    await untilAnswer(worker, 'two:second', DEADLINE);
    assert.doesNotMatch(await cluster.client.get(`${PREFIX}credentials`), /second/, 'encrypted in Valkey');
    assert.equal(await countOf(worker), '3 in start 1');
  });

  await t.test('package', async () => {
    await installModule(admin, 'node-red-contrib-matrix');
    await deploy(answerFlow('three'), typeFlow([TYPE]));
    await untilType(worker, TYPE, '1.0.0', DEADLINE);
    await untilAnswer(worker, 'three:second', DEADLINE);
    assert.equal(await countOf(worker), '4 in start 1');
    assert.equal(worker.pid, pid);
    assert.ok(worker.running);
  });

  await t.test('second worker', async () => {
    await admin.stop();
    const second = await cluster.worker();
    await untilAnswer(second, 'three:second', DEADLINE);
    await untilType(second, TYPE, '1.0.0', DEADLINE);
    assert.equal(await countOf(second), '1 in start 1');
  });

  await t.test('no error in a log', () => {
    for (const { logs } of cluster.instances) {
      assert.doesNotMatch(logs, /\[error\]/);
    }
  });
});
