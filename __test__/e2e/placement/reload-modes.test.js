'use strict';

// A tab that runs once comes and goes with each way to apply a deploy, and from a Project: only that tab starts or stops.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const { stateLine } = require('../../support/acl.js');
const { GIT } = require('../../support/git.js');
const { until } = require('../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { BESIDE, askAllTheTime, tab, untilRuns } = require('./support/cluster.js');
const { untilOwned } = require('./support/owners.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const LEASE = 2000;
const FLOWS = [...BESIDE, ...tab('other'), ...tab('timers', 'once')];
const startServer = () => startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
let server;

before(async () => {
  server = await startServer();
});

after(stopAll);

const startWorker = (valkey) =>
  startInstance('worker', server, { valkey: { state: STATE, onceLease: LEASE, ...valkey } });

/** Ends the worker that has the tab; on the one that takes it over nothing else may start. */
async function assertMoves(workers) {
  const owner = await untilOwned('timers', workers);
  const [next] = workers.filter((worker) => worker !== owner);
  const before = (await trackedOn(next))['in-other'];
  const asking = askAllTheTime([next]);
  await owner.stop();
  await untilOwned('timers', [next]);
  await asking.end();
  assert.deepEqual((await trackedOn(next))['in-other'], before);
  await owner.restart();
}

describe('with each reload', () => {
  let admin;

  before(async () => {
    admin = await startInstance('admin', server, { flows: FLOWS });
  });

  after(() => admin.stop());

  for (const reload of ['nodes', 'flows', 'full']) {
    test(`'${reload}'`, async () => {
      const workers = await Promise.all([startWorker({ reload }), startWorker({ reload })]);
      await assertMoves(workers);
      // A deploy of something else leaves the tab where it is.
      const owner = await untilOwned('timers', workers);
      await admin.deploy([...FLOWS, ...tab(`more-${reload}`)], { type: 'nodes' });
      await Promise.all(
        workers.map((worker) => untilRuns(worker, ['other', `more-${reload}`, ...(worker === owner ? ['timers'] : [])]))
      );
      await Promise.all(workers.map((worker) => worker.stop()));
    });
  }
});

test('from a Project', async () => {
  // Of its own: for a while the admin from before counts as the one in charge.
  server = await startServer();
  const admin = await startInstance('admin', server, {
    env: GIT,
    settings: { editorTheme: { projects: { enabled: true } } },
    flows: []
  });
  await admin.admin('/projects', {
    method: 'POST',
    body: { name: 'plant', summary: 'plant', files: { flow: 'flow.json' }, credentialSecret: 'secret of the plant' }
  });
  await admin.deploy(FLOWS, { type: 'nodes' });
  const workers = await Promise.all([startWorker(), startWorker()]);
  await assertMoves(workers);
  await until(async () => (await trackedOn(admin))['in-other'], { message: () => admin.tail() });
  assert.equal((await trackedOn(admin))['in-timers'], undefined);
  const file = path.join(admin.userDir, 'projects', 'plant', 'flow.json');
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')), FLOWS);
});
