'use strict';

// What npm can't do is told in its own words, tried again, and never stops a worker.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { DEADLINE, packageTest, untilOnDisk, versionOnDisk } = require('../../support/npm/package-test.js');
const { answering, failingScript } = require('../../support/npm/kinds.js');
const { freePort } = require('../../support/port.js');
const { alive, descendants } = require('../../support/process-tree.js');
const { until } = require('../../support/wait.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

/** npm's own words in the log. */
const npmSays = (words) => new RegExp(`\\[ValkeyStorage\\] npm: .*${words}`);
/** A retry comes by itself, after a wait that grows. */
const RETRY_DEADLINE = 120_000;

packageTest(
  'a package that does not exist does not keep the others out, and comes when it is there',
  async (t, cluster) => {
    const { registry } = cluster;
    registry.publish(answering('one', '1.0.0'));
    registry.publish(answering('two', '1.0.0'));
    registry.publish(answering('other-version', '1.0.0'));
    await cluster.deployed(answerFlow('deployed'));
    const worker = await cluster.worker();
    const { pid } = worker;
    await cluster.store({ one: '1.0.0', unpublished: '1.0.0', 'other-version': '9.9.9', two: '1.0.0' });
    await untilOnDisk(worker, { one: '1.0.0', two: '1.0.0', unpublished: undefined, 'other-version': undefined });
    await worker.waitForLog(npmSays('unpublished'), DEADLINE);
    await worker.waitForLog(npmSays('other-version'), DEADLINE);
    await untilAnswer(worker, 'deployed:none', DEADLINE);

    registry.publish(answering('unpublished', '1.0.0'));
    registry.publish(answering('other-version', '9.9.9'));
    await untilOnDisk(worker, { unpublished: '1.0.0', 'other-version': '9.9.9' }, RETRY_DEADLINE);
    assert.equal(worker.pid, pid);
  }
);

packageTest('an install script that fails: its words, the others, and another try', async (t, cluster) => {
  const { registry } = cluster;
  const words = 'no compiler for this machine';
  registry.publish(failingScript('failing', '1.0.0', words));
  registry.publish(answering('good', '1.0.0'));
  await cluster.deployed(answerFlow('deployed'));
  await cluster.store({ failing: '1.0.0', good: '1.0.0' });
  const worker = await cluster.worker();
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  await untilOnDisk(worker, { failing: undefined, good: '1.0.0' });
  await worker.waitForLog(npmSays(words), DEADLINE);

  registry.unpublish('failing');
  registry.publish(answering('failing', '1.0.0'));
  await untilOnDisk(worker, { failing: '1.0.0', good: '1.0.0' }, RETRY_DEADLINE);
  assert.ok(worker.running);
});

packageTest('a registry that is out of order: flows run, and the packages come once it is back', async (t, cluster) => {
  cluster.registry.publish(answering('patient', '1.0.0'));
  const heal = cluster.registry.failing('*');
  await cluster.deployed(answerFlow('deployed'));
  await cluster.store({ patient: '1.0.0' });
  const worker = await cluster.worker();
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  await worker.waitForLog(npmSays(''), DEADLINE);
  heal();
  await untilOnDisk(worker, { patient: '1.0.0' }, RETRY_DEADLINE);
});

/** Lets nobody write into the folder, or throws; returns how to end that. */
function writeProtect(dir) {
  // Modes don't stop a superuser, and npm replaces what is not a folder.
  const flag = (change) => execFileSync('chattr', [change, dir], { stdio: 'pipe' });
  if (process.getuid?.() === 0) {
    flag('+i');
    return () => flag('-i');
  }
  fs.chmodSync(dir, 0o555);
  return () => fs.chmodSync(dir, 0o755);
}

packageTest('node_modules that can not be written to', async (t, cluster) => {
  cluster.registry.publish(answering('unwritten', '1.0.0'));
  await cluster.deployed(answerFlow('deployed'));
  const userDir = await cluster.userDir('worker');
  const modules = path.join(userDir, 'node_modules');
  fs.mkdirSync(modules);
  let open;
  try {
    open = writeProtect(modules);
  } catch (error) {
    t.skip(`no folder can be made read-only here: ${error.message}`);
    return;
  }
  try {
    await cluster.store({ unwritten: '1.0.0' });
    const worker = await cluster.worker({ userDir });
    await untilAnswer(worker, 'deployed:none', DEADLINE);
    await worker.waitForLog(npmSays('(EACCES|EPERM|EROFS|not permitted|denied)'), DEADLINE);
    assert.equal(versionOnDisk(worker, 'unwritten'), undefined);
    open();
    await untilOnDisk(worker, { unwritten: '1.0.0' }, RETRY_DEADLINE);
    await untilAnswer(worker, 'deployed:none', DEADLINE);
  } finally {
    open();
  }
});

packageTest('no npm at all', async (t, cluster) => {
  cluster.registry.publish(answering('out-of-reach', '1.0.0'));
  await cluster.deployed(answerFlow('deployed'));
  await cluster.store({ 'out-of-reach': '1.0.0' });
  const ours = path.join(__dirname, '..', '..', '..');
  const worker = await cluster.worker({
    env: { PATH: path.join(__dirname, '..', 'no-such-folder') },
    // Node-RED needs the one that it brings along; this module does not find it.
    settingsHead: `
const Module = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  if (/^npm(\\/|$)/.test(request) && new Error().stack.includes(${JSON.stringify(path.join(ours, 'lib') + path.sep)})) {
    throw Object.assign(new Error("Cannot find module 'npm'"), { code: 'MODULE_NOT_FOUND' });
  }
  return resolve.call(this, request, parent, ...rest);
};
`
  });
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  await worker.waitForLog(/\[(warn|error)\] \[ValkeyStorage\] .*npm/, DEADLINE);
  assert.equal(versionOnDisk(worker, 'out-of-reach'), undefined);
  await untilAnswer(worker, 'deployed:none', DEADLINE);
});

packageTest('a worker that is stopped while npm runs ends at once, and npm with it', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('endless', '1.0.0'));
  await cluster.deployed(answerFlow('deployed'));
  const worker = await cluster.worker();
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  const before = registry.count('packument', 'endless');
  registry.slow('endless');
  await cluster.store({ endless: '1.0.0' });
  await until(() => registry.count('packument', 'endless') > before, { deadline: DEADLINE, message: 'npm' });
  const npms = descendants(worker.pid);
  assert.notEqual(npms.length, 0);
  const took = await worker.stop();
  t.diagnostic(`ended in ${Math.round(took)} ms`);
  await until(() => !npms.some(alive), { deadline: DEADLINE, message: 'end of npm' });
  assert.ok(took < 10_000);
});

packageTest(
  'a package whose type another one has is told once, and noted by the probe after a restart too',
  async (t, cluster) => {
    const { registry } = cluster;
    registry.publish(answering('owner', '1.0.0', { types: ['contested'] }));
    registry.publish(answering('second', '1.0.0', { types: ['contested'] }));
    await cluster.deployed(answerFlow('deployed'));
    await cluster.store({ owner: '1.0.0' });
    const port = await freePort();
    const worker = await cluster.worker({ valkey: { health: { port, host: '127.0.0.1' } } });
    const untilNoted = () =>
      until(
        async () => {
          const { ready, packages, notes = [] } = await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json();
          return ready && packages === 'in step' && notes.some((note) => /not loaded: second \(.*contested/.test(note));
        },
        { deadline: DEADLINE, message: () => `a note of the package; the log ends:\n${worker.tail()}` }
      );
    await untilAnswer(worker, 'deployed:none', DEADLINE);

    await cluster.store({ owner: '1.0.0', second: '1.0.0' });
    await worker.waitForLog(/second@1.0.0 is installed but could not be loaded: .*contested/, DEADLINE);
    await untilNoted();
    assert.doesNotMatch(worker.logs, /next attempt/);
    await worker.restart();
    await untilNoted();
    assert.doesNotMatch(worker.logs, /next attempt/);
  }
);
