'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { installPackage } = require('../support/packages');
const { spawnOwned } = require('../../support/own-processes');
const { tempDir } = require('../../support/temp-dir');
const { until } = require('../../support/wait');

const SETTINGS = path.join(__dirname, '..', 'support', 'restart-settings.js');
const RED = path.join(
  path.dirname(require.resolve(`${process.env.TEST_NODE_RED || 'node-red'}/package.json`)),
  'red.js'
);

/** A Node-RED process; once its flows run `prepare(userDir)` does npm's part, and the palette is asked to load. */
async function run(load, prepare) {
  const userDir = tempDir('palette-restart');
  installPackage(userDir, { name: 'restarted', sets: { one: ['restart-type'] } });
  const file = path.join(userDir, 'load.json');
  const child = spawnOwned(process.execPath, [RED, '-u', userDir, '-s', SETTINGS], {
    env: { ...process.env, PALETTE_LOAD: file }
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  await until(() => output.includes('"event":"start"'), {
    deadline: 60000,
    message: () => `start of the flows: ${output}`
  });
  prepare(userDir);
  fs.writeFileSync(`${file}.new`, JSON.stringify(load));
  fs.renameSync(`${file}.new`, file);
  return { child, output: () => output };
}

const hasEnded = (child) => until(() => child.exitCode !== null || child.signalCode !== null, { deadline: 60000 });

async function endAsOperator(child, output) {
  child.kill('SIGTERM');
  await hasEnded(child);
  // On Windows that is no request; the process is gone at once.
  if (process.platform !== 'win32') {
    assert.equal(child.exitCode, 0, output());
  }
}

test("'restart': the process stops as on SIGTERM, once, with the exit code for a restart", async () => {
  const load = [
    { name: 'restarted', version: '2.0.0', from: '1.0.0' },
    { name: 'new-too', version: '1.0.0', from: null }
  ];
  const userDirReady = (userDir) => {
    installPackage(userDir, { name: 'restarted', version: '2.0.0', sets: { one: ['restart-type'] } });
    installPackage(userDir, { name: 'new-too', sets: { one: ['new-too-type'] } });
  };
  const { child, output } = await run(load, userDirReady);
  await hasEnded(child);
  const text = output();
  assert.equal(child.signalCode, null, text);
  assert.equal(child.exitCode, 75, text);
  assert.match(text, /result {"loaded":\["new-too"\],"restart":\[{"name":"restarted","version":"2\.0\.0"/);
  assert.equal(text.match(/this worker stops in \d+ s, with exit code 75/g).length, 1);
  assert.match(text, /"event":"close"/, 'the nodes were closed');
});

test("'restart': no stop for a version that came too late for the start", async () => {
  const { child, output } = await run(
    [{ name: 'restarted', version: '2.0.0', from: '1.0.0', isOfStart: true }],
    (userDir) => {
      installPackage(userDir, { name: 'restarted', version: '2.0.0', sets: { one: ['restart-type'] } });
    }
  );
  await until(() => output().includes('result '), { deadline: 60000 });
  assert.match(output(), /package restarted: 2\.0\.0 is installed, 1\.0\.0 runs until .*too late for the start/);
  assert.match(output(), /result {"loaded":\[\],"restart":\[{"name":"restarted"/);
  assert.doesNotMatch(output(), /this worker stops/);
  await endAsOperator(child, output);
});

test("'restart': a new package is no reason to stop", async () => {
  const { child, output } = await run([{ name: 'new-one', version: '1.0.0', from: null }], (userDir) => {
    installPackage(userDir, { name: 'new-one', sets: { one: ['new-one-type'] } });
  });
  await until(() => output().includes('result '), { deadline: 60000 });
  assert.match(output(), /result {"loaded":\["new-one"\],"restart":\[\],"failed":\[\]}/);
  assert.doesNotMatch(output(), /this worker stops/);
  await endAsOperator(child, output);
});
