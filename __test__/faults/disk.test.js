'use strict';

// Disk faults on the admin: a deploy that is not on disk is answered with an error and is not
// mirrored; one that was answered is there after a power cut. Damaged files: __test__/e2e.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { AdminChild } = require('./support/admin-child.js');
const { openInstance } = require('./support/addon.js');
const { loginOf, startGuardedServer } = require('./support/users.js');
const { tempDir } = require('../support/temp-dir.js');
const { until } = require('../support/wait.js');

const APART = 100;

let server;
let client;
let worker;

before(async () => {
  server = await startGuardedServer();
  client = server.client();
});

after(async () => {
  await worker?.close();
  await server?.stop();
});

async function freshWorker() {
  await worker?.close();
  await client.flushall();
  worker = await openInstance({ role: 'worker', server, valkey: loginOf('worker'), wait: false });
  return worker;
}

const storedVersion = async () => JSON.parse(await client.get('nodered:flows')).find(({ id }) => id === 'node').version;

test('killed between any two writes of a deploy', { timeout: 300_000 }, async (t) => {
  await freshWorker();
  const admin = new AdminChild({ server });
  const outcomes = { back: 0, forward: 0 };
  try {
    for (let step = 1; ; step += 1) {
      const good = step * APART;
      await admin.start();
      admin.deployFrom(good, good);
      await until(() => admin.answered === good, { message: 'answer to the good deploy' });
      await until(() => worker.version === good, { message: 'the good deploy on the worker' });
      admin.deployFrom(good + 1, good + 1, step);
      await until(() => !admin.running || admin.answered === good + 1, { interval: 2, message: 'end of the deploy' });
      if (admin.running) {
        t.diagnostic(
          `a deploy is ${admin.steps} steps on disk; killed before each: ` +
            `${outcomes.back} times the deploy before, ${outcomes.forward} times this one`
        );
        assert.ok(step > 8, `only ${step} steps were seen`);
        break;
      }
      const mirrored = await storedVersion();
      const loaded = await admin.start();
      assert.equal(loaded.flows, loaded.credentials, `torn by a kill before step ${step}:\n${admin.tail()}`);
      assert.ok([good, good + 1].includes(loaded.flows), `${loaded.flows} after step ${step}`);
      assert.ok(loaded.flows >= mirrored, `${mirrored} was mirrored and is not on disk, step ${step}`);
      outcomes[loaded.flows === good ? 'back' : 'forward'] += 1;
      await until(() => worker.version === loaded.flows, { deadline: 2000, message: `agreement after step ${step}` });
      await admin.kill();
      assert.ok(worker.ran.every(({ flows, credentials }) => flows === credentials));
    }
  } finally {
    await admin.close();
  }
});

/** A small file system of its own; null where this user may not mount one. */
function mountSmall() {
  const dir = tempDir('small-disk');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'ignore' });
    return { dir, unmount: () => execFileSync('umount', [dir]) };
  } catch {
    return null;
  }
}

function fill(dir) {
  const handle = fs.openSync(path.join(dir, 'filler'), 'w');
  let size = 64 * 1024;
  while (size >= 1) {
    try {
      fs.writeSync(handle, Buffer.alloc(size, 'x'));
    } catch {
      size = Math.floor(size / 2);
    }
  }
  fs.closeSync(handle);
}

test('a full disk', { timeout: 60_000 }, async (t) => {
  const disk = process.platform === 'linux' && process.getuid() === 0 ? mountSmall() : null;
  if (!disk) {
    t.skip('needs the right to mount a small file system');
    return;
  }
  let admin;
  try {
    await freshWorker();
    admin = await openInstance({ role: 'admin', server, userDir: disk.dir, valkey: loginOf('admin') });
    await admin.deploy(1);
    await until(() => worker.version === 1);
    fill(disk.dir);
    for (let version = 2; version < 6; version += 1) {
      await assert.rejects(admin.deploy(version, { padding: 'x'.repeat(20_000) }), /ENOSPC/);
      assert.equal(await storedVersion(), 1, 'nothing of it is mirrored');
    }
    // A library entry that has no room is an error, too, and ends nothing.
    await assert.rejects(admin.storage.saveLibraryEntry('functions', 'a.js', {}, 'x'.repeat(20_000)), /ENOSPC/);
    const onDisk = JSON.parse(fs.readFileSync(path.join(disk.dir, 'flows.json'), 'utf8'));
    assert.equal(onDisk.find(({ id }) => id === 'node').version, 1, 'the last good deploy is whole');
    assert.equal(worker.version, 1);
    fs.rmSync(path.join(disk.dir, 'filler'));
    await admin.deploy(7, { padding: 'x'.repeat(20_000) });
    await until(() => worker.version === 7, { message: 'the first deploy that fits' });
    assert.deepEqual(worker.ran.at(-1), { flows: 7, credentials: 7 });
    await admin.close();
    // Its start on a disk that is full: it runs, and mirrors what is there.
    fill(disk.dir);
    admin = await openInstance({ role: 'admin', server, userDir: disk.dir, valkey: loginOf('admin') });
    assert.deepEqual(admin.ran.at(-1), { flows: 7, credentials: 7 });
  } finally {
    await admin?.close();
    disk.unmount();
  }
});
