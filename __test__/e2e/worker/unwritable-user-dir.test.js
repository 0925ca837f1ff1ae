'use strict';

// A user directory that is somebody else's: an admin says so and does not start, a worker says so
// once and goes on without what it would keep there.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const { tempDir } = require('../../support/temp-dir.js');
const { answerFlow, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');

const NOBODY = 65_534;
const NODE = process.env.TEST_NODE || process.execPath;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', NODE];
const SAID = `can't be written by user id ${NOBODY}, with which Node-RED runs (EACCES): give it to that user`;

/** Why this can't be tried here; false when it can. */
function reasonToSkip() {
  const [command, ...args] = AS_NOBODY;
  const load = `require(${JSON.stringify(path.join(__dirname, '..', '..', '..', 'index.js'))})`;
  const { status } = spawnSync(command, [...args, '-e', load]);
  return status === 0 ? false : 'needs root, setpriv, and a checkout that every user may read';
}

/** A directory that others may read. */
function ofRoot() {
  const dir = tempDir('of-root');
  fs.chmodSync(dir, 0o755);
  return dir;
}

const as = (userDir) => ({ userDir, node: AS_NOBODY, wait: false, env: { HOME: '/nonexistent' } });

describe('a user directory that can not be written', { skip: reasonToSkip() }, () => {
  let server;

  before(async () => {
    server = await startServerWithUsers();
    const admin = await startInstance('admin', server, {
      flows: answerFlow('first'),
      files: {
        'package.json': { name: 'node-red-project', dependencies: { 'not-there': '1.0.0' } },
        'node_modules/not-there/package.json': { name: 'not-there', version: '1.0.0' }
      }
    });
    await admin.waitForLog(/package list mirrored/);
    await admin.stop();
  });

  after(stopAll);

  test('an admin does not start, and says in one sentence what to do', async () => {
    const userDir = ofRoot();
    const admin = await startInstance('admin', server, as(userDir));
    await admin.waitUntilEnded();
    const errors = admin.logs.split('\n').filter((line) => line.includes('[error] [ValkeyStorage]'));
    assert.equal(errors.length, 1, admin.logs);
    assert.ok(errors[0].includes(`ERR_VALKEY_DISK: the user directory ${userDir} ${SAID}`), errors[0]);
  });

  test('a worker runs its flows, says it once, and tries again in silence', async () => {
    const userDir = ofRoot();
    const settings = { logging: { console: { level: 'debug', metrics: false, audit: false } } };
    const worker = await startInstance('worker', server, { ...as(userDir), settings });
    await worker.waitUntilStarted();
    await worker.waitForLog(/\[debug\] \[ValkeyStorage\] packages: next attempt/, { deadline: 30_000 });
    const lines = worker.logs.split('\n');
    const said = (text) => lines.filter((line) => line.includes(text) && !line.includes('[debug]')).length;
    assert.equal(said(`[warn] [ValkeyStorage] the user directory ${userDir} ${SAID}`), 1, worker.logs);
    assert.equal(said('packages: next attempt'), 1);
    assert.equal(said('package.json: Permission denied'), 1);
  });
});
