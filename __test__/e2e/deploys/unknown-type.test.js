'use strict';

// Requests while a deploy waits for a node type: a worker answers those to what has changed as plain
// Node-RED does, which the admin is here, and no request is kept without an answer.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startAdminAndWorker, stopAll } = require('../support/admin-and-workers.js');
const { requestFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');

const TYPE = 'late-type';
const says = (name, text) =>
  requestFlow(name, { type: 'change', rules: [{ t: 'set', p: 'payload', pt: 'msg', to: text, tot: 'str' }] });
const node = (type) => ({ id: 'late', type, z: 'changed-tab', x: 10, y: 10, wires: [] });
/** The route of the changed tab keeps its `http in`, and there is one that nothing changes. */
const flows = (text, ...more) => [...says('changed', text), ...says('same', 'same'), ...more];

let admin;
let worker;

before(async () => {
  ({ admin, worker } = await startAdminAndWorker());
});

after(stopAll);

async function answersOf(instance) {
  const ask = async (path) => {
    const { status, text } = await instance.http(path, { deadline: 2000 });
    return status === 200 ? text : status;
  };
  return Promise.all(['/changed', '/same'].map(ask));
}

test('a route that was changed is not found until the type is there, all others answer', async () => {
  await admin.deploy(flows('old'), { type: 'flows' });
  await until(async () => (await answersOf(worker))[0] === 'old', { message: 'the first deploy' });

  const from = worker.mark();
  await admin.deploy(flows('new', node(TYPE)), { type: 'flows' });
  await worker.waitForLog(new RegExp(`waits for node types that are not installed: ${TYPE}`), { from });
  assert.deepEqual(await answersOf(admin), [404, 'same']);
  assert.deepEqual(await answersOf(worker), [404, 'same']);

  await worker.http(`/tracked/register/${TYPE}`);
  await until(async () => (await answersOf(worker))[0] === 'new', { message: 'the type' });
});
