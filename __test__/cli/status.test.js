'use strict';

// `status`: what it prints and its exit codes, against a server on which a test has written the reports.

const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, test } = require('node:test');

const { runCli } = require('../../lib/cli');
const { freePort } = require('../support/port.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { report } = require('../fleet/support/reading.js');
const { collected } = require('./support/collected.js');

const ALL_IN_STEP = 0;
const BEHIND = 1;
const UNKNOWN = 2;

const ESCAPE = String.fromCharCode(27);
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');

let server;
let client;

before(async () => {
  server = await startServer();
  client = server.client();
});

after(() => server?.stop());

beforeEach(() => client.flushall());

/** Writes a report as an instance does. */
async function tell(number, properties = {}) {
  const id = number.toString(16).padStart(16, '0');
  const text = typeof properties === 'string' ? properties : JSON.stringify(report(properties));
  await client.set(`nodered:fleet:${id}`, text);
  await client.zadd('nodered:fleet', Date.now(), id);
}

const admin = (properties) => tell(1, { host: 'admin', role: 'admin', recent: ['1002', '1001'], ...properties });

/** Runs it as on a command line. */
async function status(args = [], { port = server.port, stdout = collected(), env = {} } = {}) {
  const stderr = collected();
  const code = await runCli({
    args: ['status', '--url', `redis://127.0.0.1:${port}`, ...args],
    env,
    stdout,
    stderr
  });
  return { code, out: stdout.text(), err: stderr.text() };
}

describe('the exit code', () => {
  test('is 0 when all workers are in step', async () => {
    await admin();
    await tell(2, { host: 'one' });
    await tell(3, { host: 'two' });
    const { code, out, err } = await status();
    assert.equal(code, ALL_IN_STEP);
    assert.equal(err, '');
    assert.match(out, /^2 of 2 workers run the last deploy \(1002\)\n/);
  });

  test('is 1 with one worker behind, one that is not ready, or one that is lost', async () => {
    await admin();
    await tell(2, { host: 'one' });
    for (const properties of [{ revision: '1001' }, { ready: false, missing: ['flows: stopped'] }]) {
      await tell(3, { host: 'two', ...properties });
      const { code, out } = await status();
      assert.equal(code, BEHIND);
      assert.match(out, /^1 of 2 workers run/);
    }
    await tell(3, { host: 'two' });
    await client.zadd('nodered:fleet', Date.now() - 20_000, '3'.padStart(16, '0'));
    const { code, out } = await status();
    assert.equal(code, BEHIND);
    assert.match(out, /two .* lost .*nothing was heard of it for 20 s/);
  });

  test('is 2 under an empty prefix, where no worker has reported, and with the server away', async () => {
    const empty = await status();
    assert.equal(empty.code, UNKNOWN);
    assert.match(empty.out, /^nothing is stored under this key prefix\n$/);
    await admin();
    const alone = await status();
    assert.equal(alone.code, UNKNOWN);
    assert.match(alone.out, /^no worker has reported\n/);
    const away = await status([], { port: await freePort() });
    assert.equal(away.code, UNKNOWN);
    assert.equal(away.out, '');
    assert.match(away.err, /^ERR_VALKEY_[A-Z_]+: .+\n$/);
  });

  test('is 2 for a user without the right, named with what to grant', async () => {
    await client.call('ACL', 'SETUSER', 'poor', 'on', '>secret', '~other:*', '+@all');
    const { code, err } = await status([], { env: { VALKEY_USERNAME: 'poor', VALKEY_PASSWORD: 'secret' } });
    assert.equal(code, UNKNOWN);
    assert.match(err, /^ERR_VALKEY_PERMISSION: /);
    assert.ok(!err.includes('secret'));
  });
});

test('--json has the documented shape, and nothing else', async () => {
  await admin();
  await tell(2, { host: 'one', labels: ['site-a'], since: 30 });
  await tell(3, { host: 'two', revision: '1001', notes: ['npm: 404'] });
  const { code, out } = await status(['--json']);
  assert.equal(code, BEHIND);
  const { instances, ...counts } = JSON.parse(out);
  assert.deepEqual(counts, { revision: '1002', total: 2, inStep: 1 });
  for (const instance of instances) {
    assert.deepEqual(Object.keys(instance), ['id', 'name', 'role', 'labels', 'revision', 'state', 'since', 'error']);
  }
  const [, one, two] = instances;
  assert.ok(Math.abs(one.since - (Date.now() - 30_000)) < 10_000);
  assert.deepEqual(
    { ...one, since: 0 },
    {
      id: '2'.padStart(16, '0'),
      name: 'one',
      role: 'worker',
      labels: ['site-a'],
      revision: '1002',
      state: 'in step',
      since: 0,
      error: null
    }
  );
  assert.deepEqual([two.state, two.error], ['behind', 'npm: 404']);
});

test('hostile reports neither end it nor reach the terminal', async () => {
  await admin();
  const bad = '\u001b]0;owned\u0007\u001b[2J\u202e\u009b31m\r\nx';
  await tell(2, { host: bad, labels: [bad], missing: [bad], ready: false, connection: bad });
  await tell(3, '{"role":"worker"');
  await tell(4, 'x'.repeat(100_000));
  await tell(5, { host: { toString: 1 }, labels: 'all', rss: 'many', uptime: -5, since: 1e300, delay: null });
  await client.zadd('nodered:fleet', Date.now(), '../../etc/passwd');
  for (const args of [[], ['--json']]) {
    for (const stdout of [collected(), collected({ isTTY: true, columns: 60 })]) {
      const { code, out } = await status(args, { stdout });
      assert.equal(code, BEHIND);
      const shown = out.replace(COLOUR, stdout.isTTY ? '' : '$&');
      assert.doesNotMatch(shown, /[^\P{Cc}\n]|\p{Cf}/u);
      assert.ok(!out.includes('owned\u0007'));
    }
  }
});

test('on a terminal no line is longer than it is wide', async () => {
  await admin();
  await tell(2, { host: 'h'.repeat(90), labels: Array(20).fill('label'), ready: false, missing: ['x'.repeat(200)] });
  const stdout = collected({ isTTY: true, columns: 70 });
  const { out } = await status([], { stdout });
  for (const line of out.replace(COLOUR, '').split('\n').slice(2)) {
    assert.ok(line.length <= 70, line);
  }
});

test('--wait ends as soon as all are in step, and when the time is up', async () => {
  await admin();
  await tell(2, { host: 'one', revision: '1001' });
  const begun = performance.now();
  assert.equal((await status(['--wait', '0.3'])).code, BEHIND);
  assert.ok(performance.now() - begun >= 300);
  const stdout = collected();
  const waiting = status(['--wait', '30'], { stdout });
  await tell(2, { host: 'one' });
  const { code, out } = await waiting;
  assert.equal(code, ALL_IN_STEP);
  assert.match(out, /^1 of 1 worker runs the last deploy/);
});

test('--watch shows each change until it is interrupted', async () => {
  await admin();
  await tell(2, { host: 'one', revision: '1001' });
  const stdout = collected();
  const watching = status(['--watch'], { stdout });
  await until(() => /0 of 1/.test(stdout.text()), { message: () => `0 of 1 in ${stdout.text()}` });
  await tell(2, { host: 'one' });
  await until(() => /1 of 1/.test(stdout.text()), { message: () => `1 of 1 in ${stdout.text()}` });
  process.emit('SIGINT');
  const { code } = await watching;
  assert.equal(code, ALL_IN_STEP);
});

test('what contradicts itself, and a time that is none, is refused', async () => {
  for (const args of [['--watch', '--wait', '5'], ['--wait', 'long'], ['--wait', '-1'], ['--wait=']]) {
    const { code, err } = await status(args);
    assert.equal(code, UNKNOWN);
    assert.match(err, /^ERR_VALKEY_OPTION: /);
  }
});
