'use strict';

// What the core asks for, and what it is told.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { createPackages } = require('../../../lib/packages');
const { startPalette } = require('../support/instance');
const { createLogLines } = require('../../support/log-lines.js');

let instance;
let job;
const done = [];
const { lines, log } = createLogLines();
let packages;

before(async () => {
  instance = await startPalette();
  const palette = {
    job: () => job,
    jobDone: (id, outcome) => done.push({ id, ...outcome }),
    missing: () => ['job-late'],
    endNpm() {}
  };
  packages = createPackages({
    core: { packages: () => palette, packagesAtStart: async () => {} },
    upgrade: 'restart',
    settings: { userDir: instance.userDir },
    runtime: instance.runtime,
    reload: instance.reload,
    log
  });
});
after(async () => {
  packages.close();
  await instance.stop();
});

test('an outcome names its job, and says of each package what became of it', async () => {
  const good = instance.install({ name: 'job-good', sets: { one: ['job-type'] } });
  job = { id: 7, task: 'load', packages: [good, { name: 'job-away', version: '1.0.0', from: null }] };
  assert.equal(await packages.onJob(), true);
  const [{ failed, ...outcome }] = done.splice(0);
  assert.deepEqual(outcome, { id: 7, loaded: ['job-good'], restart: [] });
  assert.deepEqual(
    failed.map(({ name }) => name),
    ['job-away']
  );
  job = { id: 8, task: 'remove', names: ['job-good'] };
  assert.equal(await packages.onJob(), false);
  assert.deepEqual(done.splice(0), [{ id: 8, removed: ['job-good'], inUse: [], failed: [] }]);
});

test('a job that cannot be done at all has an outcome, too', async () => {
  job = { id: 9, task: 'load', packages: 'nothing that can be gone through'.length };
  await packages.onJob();
  assert.deepEqual(done.splice(0), [{ id: 9 }]);
  assert.match(lines.at(-1), /^error: the palette could not be changed/);
});

test('an upgrade that the start has waited for in vain restarts nothing: the next start would do the same', async () => {
  await packages.atStart();
  await instance.add({ name: 'job-late', sets: { one: ['late-type'] } });
  job = {
    id: 10,
    task: 'load',
    packages: [
      { ...instance.install({ name: 'job-late', version: '2.0.0', sets: { one: ['late-type'] } }), from: '1.0.0' }
    ]
  };
  await packages.onJob();
  const [{ restart }] = done.splice(0);
  assert.match(restart[0].reason, /too late for the start/);
  assert.equal(
    lines.some((line) => /this worker stops/.test(line)),
    false
  );
});
