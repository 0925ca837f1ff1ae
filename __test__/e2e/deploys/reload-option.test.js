'use strict';

// What `reload` in settings.js restarts of a worker on an update.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, untilTracked } = require('../support/tracked.js');

// As Node-RED does it: with 'flows', what is wired to a changed node is restarted with it.
const RESTARTED = {
  nodes: ['changed'],
  flows: ['changed', 'wired'],
  full: ['beside', 'changed', 'elsewhere', 'wired']
};

let server;
let admin;
let value = 'start';
const workers = {};

function flows() {
  return [
    ...trackedFlow(
      {
        changed: { value, wires: [['wired']] },
        wired: { value: 'same' },
        beside: { value: 'same' }
      },
      { tab: 'one' }
    ),
    ...trackedFlow({ elsewhere: { value: 'same' } }, { tab: 'two' })
  ];
}
const running = () => ({
  changed: { value },
  wired: { value: 'same' },
  beside: { value: 'same' },
  elsewhere: { value: 'same' }
});

before(async () => {
  server = await startServerWithUsers();
  admin = await startInstance('admin', server, { flows: flows() });
  await Promise.all(
    Object.keys(RESTARTED).map(async (reload) => {
      workers[reload] = await startInstance('worker', server, { valkey: { reload } });
    })
  );
});

after(stopAll);

for (const [reload, restarted] of Object.entries(RESTARTED)) {
  test(`reload: '${reload}' restarts ${restarted.join(', ')}, however the admin deploys`, async () => {
    const worker = workers[reload];
    for (const type of ['full', 'flows', 'nodes']) {
      const before = await untilTracked(worker, running());
      value = `${reload}-${type}`;
      const mark = worker.mark();
      await admin.deploy(flows(), { type });
      const after = await untilTracked(worker, running());
      await worker.waitForLog(/revision \d+ applied/, { from: mark });
      const anew = Object.keys(after)
        .filter((id) => after[id].starts !== before[id].starts)
        .sort();
      assert.deepEqual(anew, restarted, `deployed as '${type}'`);
      assert.ok(
        anew.every((id) => after[id].starts === before[id].starts + 1),
        'once each'
      );
    }
  });
}
