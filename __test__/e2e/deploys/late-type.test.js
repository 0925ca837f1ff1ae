'use strict';

// A deploy that uses a node type which arrives later: in the end every node of it runs its new
// configuration, and what it leaves alone is not disturbed meanwhile.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startAdminAndWorker, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, trackedOn, untilTracked } = require('../support/tracked.js');

const TYPE = 'late-type';
const OTHER = trackedFlow({ bystander: { value: '1', token: 'kept' } }, { tab: 'other-tab' });
const FIRST = { changed: { value: 'old', token: 'old' }, same: { value: '1', token: 'same' }, gone: { value: '1' } };
const SECOND = {
  changed: { value: 'new', token: 'new' },
  same: { value: '1' },
  added: { value: 'new', token: 'of the added' },
  late: { value: 'new', token: 'of the late', type: TYPE }
};
const FINAL = {
  bystander: { value: '1', token: 'kept' },
  changed: { value: 'new', token: 'new' },
  same: { value: '1', token: 'same' },
  added: { value: 'new', token: 'of the added' },
  late: { value: 'new', token: 'of the late' }
};

let admin;
let worker;

before(async () => {
  ({ admin, worker } = await startAdminAndWorker());
  await admin.http(`/tracked/register/${TYPE}`);
});

after(stopAll);

const deploy = (nodes) => admin.deploy([...OTHER, ...trackedFlow(nodes)], { type: 'nodes' });

test('one tab with a changed node, an added one and a type that comes later', async () => {
  await deploy(FIRST);
  const running = await untilTracked(worker, { bystander: FINAL.bystander, ...FIRST });

  let from = worker.mark();
  await deploy(SECOND);
  await worker.waitForLog(new RegExp(`\\[warn\\] \\[ValkeyStorage\\] .*${TYPE}`), { from });
  const waiting = await trackedOn(worker);
  assert.equal(waiting.bystander.starts, running.bystander.starts);
  assert.ok(!waiting.late);

  from = worker.mark();
  await worker.http(`/tracked/register/${TYPE}`);
  const now = await untilTracked(worker, FINAL);
  assert.equal(now.bystander.starts, running.bystander.starts, 'the other tab never restarted');
  assert.equal(now.same.starts, running.same.starts, 'nor did what was the same on this one');
  await worker.waitForLog(/\[info\] \[ValkeyStorage\] .*types have been installed: revision \d+ applied/, { from });
  assert.ok(!worker.logs.includes('of the late'));
});

test('the deploys that follow are taken over as ever', async () => {
  const before = await trackedOn(worker);
  await deploy({ ...SECOND, changed: { value: 'newer' }, added: { value: 'new', token: 'fresh' } });
  const now = await untilTracked(worker, {
    ...FINAL,
    changed: { value: 'newer', token: 'new' },
    added: { value: 'new', token: 'fresh' }
  });
  assert.equal(now.late.starts, before.late.starts);
  assert.equal(now.bystander.starts, before.bystander.starts);
});

test('a worker that starts without the type runs the deploy once it comes', async () => {
  await worker.restart();
  await worker.waitForLog(new RegExp(TYPE));
  await worker.http(`/tracked/register/${TYPE}`);
  await untilTracked(worker, {
    ...FINAL,
    changed: { value: 'newer', token: 'new' },
    added: { value: 'new', token: 'fresh' }
  });
});
