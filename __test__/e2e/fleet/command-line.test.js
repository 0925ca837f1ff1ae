'use strict';

// `npx node-red-storage-valkey status` and `logs` on a real fleet, as operators and their scripts run them: what they print
// and with which code they end.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { STATE, labelled, startReporting, untilFleet } = require('./support/reporting.js');
const { PREFIX, USERS, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { stateLine, workerLine } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { answers, valueFlow } = require('../../support/request-flow.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const { name: NAME, bin: BIN } = require('../../../package.json');
const NPX = process.platform === 'win32' ? 'npx.cmd' : 'npx';
/** Of a worker whose rights are changed while it runs. */
const LATE = 'late-worker';

let server;
let folder;
let admin;
const workers = {};
const running = new Set();

/** A folder in which this package is installed. */
function installedIn() {
  const dir = tempDir('operator');
  const modules = path.join(dir, 'node_modules');
  fs.mkdirSync(path.join(modules, '.bin'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ private: true }));
  fs.symlinkSync(ROOT, path.join(modules, NAME), 'junction');
  fs.symlinkSync(path.join('..', NAME, BIN[NAME]), path.join(modules, '.bin', NAME));
  return dir;
}

before(async () => {
  folder = installedIn();
  server = await startServerWithUsers({
    users: [stateLine(PREFIX, STATE.password), workerLine(PREFIX, USERS.worker.password, { name: LATE })]
  });
  admin = await startReporting('admin', server, 'admin', { flows: valueFlow('one') });
  workers.one = await startReporting('worker', server, 'one');
  workers.late = await startReporting('worker', server, 'late', { user: { ...USERS.worker, username: LATE } });
  await untilFleet(admin, ({ inStep }) => inStep === 2);
});

after(async () => {
  running.forEach((run) => run.signal('SIGKILL'));
  await stopAll();
});

/** Runs it through npx, which downloads nothing. */
function npx(args, { port = server.port } = {}) {
  const env = { ...process.env, VALKEY_USERNAME: STATE.username, VALKEY_PASSWORD: STATE.password };
  const words = ['--no', NAME, ...args, '--url', `redis://127.0.0.1:${port}`];
  const child = spawn(NPX, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (text) => (texts.out += text));
  child.stderr.on('data', (text) => (texts.err += text));
  // As at a terminal, where all processes get it; and npx hands it on to the command, too.
  const run = { texts, signal: (name) => process.kill(-child.pid, name) };
  running.add(run);
  run.ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(running.delete(run) && { code, ...texts }));
  });
  return run;
}

const status = (args = [], options) => npx(['status', ...args], options).ended;

test('all in step: 0', async () => {
  const { code, out, err } = await status();
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  assert.match(out, /^2 of 2 workers run the last deploy \(\d+\)\n/);
  const json = await status(['--json', '--wait', '10']);
  assert.equal(json.code, 0);
  const fleet = JSON.parse(json.out);
  assert.deepEqual([fleet.total, fleet.inStep, fleet.instances.length], [2, 2, 3]);
});

test('what workers say is printed until it is interrupted', async () => {
  const fails = {
    id: 'fails',
    type: 'function',
    z: 'value-tab',
    x: 100,
    y: 200,
    wires: [],
    initialize: 'setInterval(() => node.warn("still here"), 200);',
    func: ''
  };
  const run = npx(['logs']);
  await admin.deploy([...valueFlow('two'), fails]);
  await until(() => /\] warn function:fails: still here$/m.test(run.texts.out), {
    message: () => `the warning in ${JSON.stringify(run.texts)}`
  });
  run.signal('SIGINT');
  // With which code npx itself ends then is its own affair.
  const { err } = await run.ended;
  assert.equal(err, '');
  assert.equal(await server.client().exists(`${PREFIX}fleet:watch`), 0, 'nobody looks any more');
});

test('one that cannot get a deploy is behind, named with the reason: 1, and 0 once it has it', async () => {
  const client = server.client();
  await client.call('ACL', 'SETUSER', LATE, '-getrange');
  await admin.deploy(valueFlow('three'));
  await answers(workers.one, 'three');
  // The worker has told why, and the admin what it is behind.
  await untilFleet(admin, (fleet) => {
    const { behind, error } = labelled(fleet, 'late');
    return behind === 1 && /GETRANGE/.test(error);
  });
  const { code, out } = await status();
  assert.equal(code, 1);
  assert.match(out, /^1 of 2 workers run the last deploy/);
  assert.match(out, / late .* 1 behind .*GETRANGE/);
  const json = await status(['--json']);
  assert.equal(json.code, 1);
  assert.equal(labelled(JSON.parse(json.out), 'late').state, 'behind');

  const waiting = status(['--wait', '60']);
  await client.call('ACL', 'SETUSER', LATE, '+getrange');
  assert.equal((await waiting).code, 0);
});

test('one that was killed: 1', async () => {
  workers.late.kill();
  await untilFleet(admin, (fleet) => labelled(fleet, 'late').state === 'lost');
  const { code, out } = await status();
  assert.equal(code, 1);
  assert.match(out, / late .*lost.*nothing was heard of it for \d+ s/);
});

test('with the admin down it works', async () => {
  admin.kill();
  const { code, out } = await status(['--json']);
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).total, 2);
});

test('nobody can say: 2', async () => {
  await workers.one.stop();
  const empty = await status(['--prefix', 'nothing:']);
  // Not even a right to look there.
  assert.equal(empty.code, 2);
  assert.match(empty.err, /ERR_VALKEY_PERMISSION/);
  await server.client().flushall();
  const emptied = await status();
  assert.deepEqual([emptied.code, emptied.out], [2, 'nothing is stored under this key prefix\n']);
  const away = await freePort();
  for (const command of ['status', 'logs']) {
    const { code, out, err } = await npx([command], { port: away }).ended;
    assert.deepEqual([code, out], [2, ''], command);
    assert.match(err, /^ERR_VALKEY_UNAVAILABLE: /);
  }
});
