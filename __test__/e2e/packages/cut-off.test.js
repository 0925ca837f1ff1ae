'use strict';

// A worker that is killed while npm runs, with its npm or without it, and starts again.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { DEADLINE, npm, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering, large, waitingScript } = require('../../support/npm/kinds.js');
const { descendants, killThem } = require('../../support/process-tree.js');
const { until } = require('../../support/wait.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

const inModules = (instance, ...names) => path.join(instance.userDir, 'node_modules', ...names);

/** Where npm stands when the power goes. */
const MOMENTS = {
  'an install script runs'(registry) {
    const gate = registry.gate('cut-off');
    registry.publish(waitingScript('cut-off', '1.0.0', gate));
    return { reached: () => gate.arrived, release: gate.open };
  },
  'a package is asked for'(registry) {
    registry.publish(answering('cut-off', '1.0.0'));
    const release = registry.slow('cut-off', undefined, { kind: 'tarball' });
    const asked = () => registry.count('tarball', 'cut-off') > 0;
    return { reached: () => until(asked, { deadline: DEADLINE, message: 'question for the tarball' }), release };
  },
  'half of a package is on disk'(registry) {
    registry.publish(large('cut-off', '1.0.0'));
    const release = registry.slow('cut-off', undefined, { kind: 'tarball', half: true });
    const begun = (worker) => fs.existsSync(inModules(worker, 'cut-off', 'ballast.bin'));
    return {
      reached: (worker) => until(() => begun(worker), { deadline: DEADLINE, message: 'begin of the package' }),
      release
    };
  }
};
/** Here what is on disk has the right version, and the dependencies have its name. */
MOMENTS['half of a new version is on disk'] = MOMENTS['half of a package is on disk'];

for (const [moment, prepare] of Object.entries(MOMENTS)) {
  for (const orphan of [false, true]) {
    const who = orphan ? 'a worker whose npm lives on' : 'a worker and its npm';
    packageTest(`${who}, killed while ${moment}, is whole after the next start`, async (t, cluster) => {
      cluster.registry.publish(answering('cut-off', '0.9.0'));
      const userDir = await cluster.userDir('worker', moment.includes('new version') ? ['cut-off'] : []);
      const { reached, release } = prepare(cluster.registry);
      cluster.registry.publish(answering('beside', '1.0.0'));
      await cluster.deployed(answerFlow('deployed'));
      await cluster.store({ beside: '1.0.0', 'cut-off': '1.0.0' });
      const worker = await cluster.worker({ userDir, wait: false });
      await reached(worker);
      const npms = descendants(worker.pid);
      assert.notEqual(npms.length, 0, 'npm runs');
      try {
        worker.kill();
        await worker.waitUntilEnded();
        if (!orphan) {
          killThem(npms);
        }
        release();
        await worker.restart({ wait: 'started' });
        await untilAnswer(worker, 'deployed:none', DEADLINE);
        await untilOnDisk(worker, { beside: '1.0.0', 'cut-off': '1.0.0' });
        await npm(worker.userDir, 'ls', '--all');
        assert.ok(fs.existsSync(inModules(worker, 'cut-off', 'cut-off.js')), 'all files are there');
        if (moment.includes('script')) {
          assert.ok(fs.existsSync(inModules(worker, 'cut-off', 'ran')), 'the install script has ended');
        }
        const left = fs.readdirSync(inModules(worker)).filter((name) => /^\.(beside|cut-off)-/.test(name));
        assert.deepEqual(left, [], 'nothing half-done is left');
      } finally {
        killThem(npms);
      }
    });
  }
}
