'use strict';

// Where tabs run, by each value of the table, on an admin and two workers with labels; changed by deploys.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');
const { startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedOn } = require('../support/tracked.js');
const { BESIDE, askAllTheTime, assertNoTrace, tab, untilRuns } = require('./support/cluster.js');

/** By value: whether it runs on the admin, on the worker with label a, and on the one with b and c. */
const TABLE = {
  all: [true, true, true],
  workers: [false, true, true],
  admin: [true, false, false],
  'label:a': [false, true, false],
  'label:b': [false, false, true],
  'label:a,c': [false, true, true],
  'label:nobody': [false, false, false],
  'label:': [false, false, false],
  Workers: [false, false, false]
};
const NAMES = Object.keys(TABLE).map((value, index) => `t${index}`);
const EVERY = NAMES.flatMap((name, index) => tab(name, Object.keys(TABLE)[index]));
const runsOn = (index) => NAMES.filter((_, row) => Object.values(TABLE)[row][index]);

for (const reload of ['nodes', 'flows', 'full']) {
  describe(`with reload '${reload}'`, () => {
    let server;
    let client;
    let admin;
    let workers;
    let all;
    let port;

    const deploy = async (flows, type = 'nodes') => {
      await admin.deploy(flows, { type });
      await assertNoTrace({ flows, admin, workers, client });
    };

    before(async () => {
      server = await startServerWithUsers();
      client = server.client();
      port = await freePort();
      admin = await startInstance('admin', server, { flows: [...BESIDE, ...EVERY], valkey: { health: { port } } });
      workers = await Promise.all(
        [['a'], 'b, c'].map((labels) =>
          startInstance('worker', server, { httpAdmin: true, valkey: { labels, reload, health: { port: 0 } } })
        )
      );
      all = [admin, ...workers];
    });

    after(stopAll);

    test('each tab runs where it says, from the start', async () => {
      await Promise.all(all.map((instance, index) => untilRuns(instance, runsOn(index))));
      await assertNoTrace({ flows: [...BESIDE, ...EVERY], admin, workers, client });
    });

    test('a wrong value is an error that names the tab, once on every instance, and in the probe', async () => {
      for (const instance of all) {
        const lines = instance.logs.match(
          /\[error\].*tab 't\d' runs nowhere: CLUSTER_PLACEMENT is '(label:|Workers)'/g
        );
        assert.equal(lines?.length, 2, instance.tail());
      }
      const { ready, notes } = await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json();
      assert.equal(ready, true);
      assert.equal(notes.filter((note) => /^tab 't\d' runs nowhere: CLUSTER_PLACEMENT/.test(note)).length, 2);
    });

    test('a deploy of something else starts and stops none of them, and says nothing again', async () => {
      const before = await Promise.all(all.map(trackedOn));
      await deploy([...BESIDE, ...EVERY, ...tab('more', 'all')]);
      await Promise.all(all.map((instance, index) => untilRuns(instance, [...runsOn(index), 'more'])));
      if (reload === 'nodes') {
        const now = await Promise.all(all.map(trackedOn));
        now.forEach(({ 'in-more': _, ...others }, index) => assert.deepEqual(others, before[index]));
      }
      assert.ok(all.every(({ logs }) => logs.match(/runs nowhere/g).length === 2));
    });

    test('a deploy that changes where a tab runs starts and stops that tab, and nothing else anywhere', async () => {
      await deploy([...BESIDE, ...tab('other'), ...tab('moving')]);
      await Promise.all(all.map((instance) => untilRuns(instance, ['moving', 'other'])));
      const others = await Promise.all(all.map(async (instance) => (await trackedOn(instance))['in-other']));
      const asking = reload === 'full' ? undefined : askAllTheTime(all);
      for (const [value, expected] of Object.entries(TABLE).reverse()) {
        await deploy([...BESIDE, ...tab('other'), ...tab('moving', value)]);
        await Promise.all(
          all.map((instance, index) => untilRuns(instance, ['other', ...(expected[index] ? ['moving'] : [])]))
        );
      }
      await asking?.end();
      if (reload !== 'full') {
        const now = await Promise.all(all.map(async (instance) => (await trackedOn(instance))['in-other']));
        assert.deepEqual(now, others, 'the other tab was never started again');
      }
    });

    test('a tab that somebody has disabled runs nowhere, whatever it says', async () => {
      const flows = [...BESIDE, ...tab('moving', 'all')].map((node) =>
        node.id === 'moving' ? { ...node, disabled: true } : node
      );
      await deploy(flows);
      await Promise.all(all.map((instance) => untilRuns(instance, [])));
    });

    test('Node-RED that is started again runs the same', async () => {
      await deploy([...BESIDE, ...EVERY]);
      await Promise.all(all.map((instance) => instance.restart()));
      await Promise.all(all.map((instance, index) => untilRuns(instance, runsOn(index))));
      await until(async () => (await workers[0].http('/count')).status === 200, { message: () => workers[0].tail() });
    });
  });
}
