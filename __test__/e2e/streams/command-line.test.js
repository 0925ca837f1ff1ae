'use strict';

// `npx node-red-storage-valkey logs`: two workers with the least rights, while the admin is down.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { after, afterEach, before, test } = require('node:test');

const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { stateLine } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');
const { talkingFlow } = require('./support/talking-flow.js');

const COMMAND = path.join(__dirname, '..', '..', '..', 'bin', 'node-red-storage-valkey.js');
const STATE = { username: 'state', password: 'secret-of-the-state' };

let server;
let workers;
const running = new Set();

before(async () => {
  server = await startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
  const admin = await startInstance('admin', server, { flows: talkingFlow(), valkey: { state: STATE } });
  workers = await Promise.all(
    ['A', 'B'].map((name) => startInstance('worker', server, { env: { INSTANCE: name }, valkey: { state: STATE } }))
  );
  await until(async () => (await Promise.all(workers.map((worker) => worker.http('/debug/0')))).every(isOk));
  await admin.stop();
});

afterEach(() => running.forEach((child) => child.kill('SIGKILL')));
after(stopAll);

const isOk = ({ status }) => status === 200;

/** Runs it as an operator does. */
function logs(args, { port = server.port, user = STATE } = {}) {
  const env = {
    ...process.env,
    VALKEY_URL: `redis://127.0.0.1:${port}`,
    VALKEY_USERNAME: user.username,
    VALKEY_PASSWORD: user.password,
    VALKEY_PREFIX: PREFIX
  };
  const child = spawn(process.execPath, [COMMAND, 'logs', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (text) => (texts.out += text));
  child.stderr.on('data', (text) => (texts.err += text));
  running.add(child);
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(running.delete(child) && { code, ...texts }));
  });
  return { child, texts, ended };
}

/** Asks workers to say something until it is printed. */
const untilPrinted = ({ texts }, ask, expected) =>
  until(
    async () => {
      await Promise.all(workers.map((worker) => worker.http(ask)));
      return expected(texts.out);
    },
    { interval: 100, message: () => `what workers say; there is ${JSON.stringify(texts)}` }
  );

test('it prints what all workers say until it is interrupted, and nobody looks then', async () => {
  const run = logs([]);
  await untilPrinted(run, '/debug/1', (out) => /\] debug out: A:0$/m.test(out) && /\] debug out: B:0$/m.test(out));
  await untilPrinted(
    run,
    '/warn/hello',
    (out) => /\] warn warn: hello$/m.test(out) && /\] error warn: E hello$/m.test(out)
  );
  run.child.kill('SIGINT');
  const { code, err } = await run.ended;
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  assert.equal(await server.client().exists(`${PREFIX}fleet:watch`), 0);
});

test('it prints what was asked for alone, as JSON', async () => {
  const run = logs(['--json', '--kind', 'status']);
  await untilPrinted(run, '/status/busy', (out) => /"text":"busy"/.test(out));
  run.child.kill('SIGTERM');
  const { out } = await run.ended;
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([...new Set(lines.map(({ kind }) => kind))], ['status']);
  const { time, worker, id, ...rest } = lines.find(({ status }) => status?.text === 'busy');
  assert.ok(Date.parse(time) > 0 && worker && id);
  assert.deepEqual(rest, { kind: 'status', node: 'status-do', status: { text: 'busy', fill: 'red', shape: 'dot' } });
});

test('a worker that is not there says nothing, and the others are not asked', async () => {
  const run = logs(['nobody']);
  await until(async () => (await server.client().exists(`${PREFIX}fleet:watch`)) === 1);
  await Promise.all(workers.map((worker) => worker.http('/debug/1')));
  const watch = JSON.parse(await server.client().get(`${PREFIX}fleet:watch`));
  assert.deepEqual(
    Object.values(watch).map(({ wants }) => wants),
    [{ nobody: 'debug,log' }]
  );
  run.child.kill('SIGINT');
  assert.deepEqual(await run.ended, { code: 0, out: '', err: '' });
});

test('what is in the way is told, with exit code 2', async () => {
  const wrong = await logs(['--kind', 'noise']).ended;
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /ERR_VALKEY_OPTION: --kind takes debug, log, status, not 'noise'/);
  const away = await logs([], { port: await freePort() }).ended;
  assert.equal(away.code, 2);
  assert.match(away.err, /ERR_VALKEY_UNAVAILABLE/);
  const user = { username: 'worker', password: 'secret-of-the-worker' };
  const refused = await logs([], { user }).ended;
  assert.equal(refused.code, 2);
  assert.match(refused.err, /ERR_VALKEY_PERMISSION/);
});
