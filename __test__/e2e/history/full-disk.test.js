'use strict';

// A disk that is full, for real: the history's folder is a small file system of its own, which the admin alone sees.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');

const {
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { withPlugin } = require('../editor/support/installed-copy.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');
const { entriesOf, rollBack } = require('./support/history-api.js');

const FOLDER = path.join('.node-red-storage-valkey', 'history');
const NODE = process.env.TEST_NODE || process.execPath;
const MOUNT = 'mount -t tmpfs -o size=128k tmpfs "$HISTORY_FOLDER"';
const NOT_KEPT = /\[warn\].*not kept in the history.*(No space left|os error 28)/g;

/** What starts a program that has that file system. */
const within = (command) => [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  '--mount',
  'sh',
  '-c',
  command,
  'sh'
];

function noMount() {
  const [program, ...args] = within(MOUNT);
  const { status } = spawnSync(program, args, { env: { ...process.env, HISTORY_FOLDER: tempDir('mount') } });
  return status === 0 ? false : 'nobody may mount a file system here';
}

describe('a full disk', { skip: noMount() }, () => {
  let admin;
  let worker;

  before(async () => {
    const server = await startServerWithUsers();
    const userDir = tempDir('full-disk');
    const folder = path.join(userDir, FOLDER);
    fs.mkdirSync(folder, { recursive: true });
    admin = await startInstance(
      'admin',
      server,
      withPlugin({
        userDir,
        flows: answerFlow('first'),
        env: { HISTORY_FOLDER: folder },
        node: within(`${MOUNT} && exec ${NODE} "$@"`)
      })
    );
    worker = await startInstance('worker', server);
    await untilAnswer(worker, 'first:none');
  });

  after(stopAll);

  const filler = () => path.join('/proc', String(admin.pid), 'root', admin.userDir, FOLDER, 'filler');
  const files = () =>
    fs
      .readdirSync(path.dirname(filler()))
      .filter((name) => name !== 'filler')
      .sort();
  const deploy = (version, token) => admin.deploy(answerFlow(version, { token }), { type: 'nodes' });
  const sequences = async () => (await entriesOf(admin)).map(({ sequence }) => sequence);

  function fill() {
    const file = fs.openSync(filler(), 'a');
    assert.throws(
      () => {
        for (;;) {
          fs.writeSync(file, Buffer.alloc(1024));
        }
      },
      { code: 'ENOSPC' }
    );
    fs.closeSync(file);
  }

  test('a deploy goes through, everywhere, and its entry alone is missing, which is told once', async () => {
    await deploy('second', 'a');
    assert.deepEqual(await sequences(), [2, 1]);
    const before = files();
    fill();
    for (const version of ['third', 'fourth']) {
      await deploy(version, 'b');
      await Promise.all([untilAnswer(admin, `${version}:b`), untilAnswer(worker, `${version}:b`)]);
      assert.deepEqual(await sequences(), [2, 1]);
    }
    assert.deepEqual(files(), before, 'nothing is left of what did not fit');
    await until(() => (admin.logs.match(NOT_KEPT) || []).length === 1, { message: () => admin.tail() });
  });

  test('what is kept can be rolled back to', async () => {
    await rollBack(admin, 2);
    await Promise.all([untilAnswer(admin, 'second:a'), untilAnswer(worker, 'second:a')]);
    assert.deepEqual(await sequences(), [2, 1]);
  });

  test('with room again, deploys are kept again', async () => {
    fs.rmSync(filler());
    await deploy('fifth', 'c');
    const [newest] = await entriesOf(admin);
    assert.deepEqual([newest.sequence, newest.current], [3, true]);
    await rollBack(admin, 1);
    await untilAnswer(worker, 'first:none');
  });
});
