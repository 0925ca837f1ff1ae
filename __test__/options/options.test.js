'use strict';

// The functions among the options: what they decide, and what becomes of those that throw, block
// or return something else. On a real server; through Node-RED itself in e2e/servers/options.test.js.

const assert = require('node:assert/strict');
const { after, afterEach, before, beforeEach, test } = require('node:test');

const { checkOptions, openCore } = require('../../lib/binding/core.js');
const { optionsAsText } = require('../../lib/options/index.js');
const { createLogLines } = require('../support/log-lines.js');
const { freePort } = require('../support/port.js');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');

const LIST = 'nodered:library:flows:a list';

let server;
let client;
let core;
let log;

before(async () => {
  server = await startServer();
  client = server.client();
});

beforeEach(async () => {
  await client.flushall();
  await client.rpush(LIST, 'no entry');
});

afterEach(async () => {
  await core?.close();
  core = undefined;
});

after(() => server?.stop());

/** Opens a worker's connections. */
function open(valkey) {
  const kept = createLogLines();
  log = kept.lines;
  const options = optionsAsText({ role: 'worker', host: '127.0.0.1', port: server.port, ...valkey });
  checkOptions(options.text);
  core = openCore('Worker', {
    options,
    log: kept.log,
    onEvent: () => {}
  });
}

const count = (pattern) => log.filter((line) => pattern.test(line)).length;
const shown = () => `in the log:\n${log.join('\n')}`;
const logged = (pattern, times = 1, deadline = 30_000) =>
  until(() => count(pattern) >= times, { deadline, message: () => `${pattern} ${shown()}` });

/** The workers' connections, by their tag. */
async function connections(tag) {
  const list = await client.client('LIST');
  return list.split('\n').filter((line) => line.includes(`lib-name=node-red-storage-valkey(${tag})`));
}

async function readsEntry() {
  await client.set('nodered:library:flows:entry', JSON.stringify({ fn: 'body' }));
  assert.equal(JSON.parse(await core.readLibraryEntry('flows', 'entry')), 'body');
}

test('retryStrategy decides about the wait, and counts from 1 again after each success', async () => {
  const asked = [];
  const proxyPort = await freePort();
  const began = performance.now();
  open({
    port: proxyPort,
    retryStrategy: (times) => {
      asked.push(times);
      return 100;
    }
  });
  await until(() => asked.filter((times) => times === 5).length === 2, {
    message: () => `five attempts of both: ${asked}`
  });
  assert.ok(performance.now() - began > 350, 'it waits as long as it is told');
  const late = await startServer({ port: proxyPort });
  try {
    await logged(/Connected to/);
    // A connection counts as a success once it has lasted.
    await new Promise((resolve) => {
      setTimeout(resolve, 1500);
    });
    asked.length = 0;
    await late.kill();
    await until(() => asked.length >= 2, { message: 'another attempt' });
    assert.deepEqual(asked.slice(0, 2), [1, 1]);
  } finally {
    await late.stop();
  }
});

test('a function for the nodes of a cluster is called when the text beside it is empty', () => {
  const natMap = () => null;
  const options = { retryStrategy: '', natMap: undefined, redisOptions: { retryStrategy: () => 7, natMap } };
  const { functions } = optionsAsText({ role: 'worker', cluster: [{ host: 'a' }], ...options });
  assert.deepEqual(functions.retryStrategy(1), { delay: 7 });
  assert.equal(functions.natMap('a:1'), null);
});

test('a retryStrategy that throws is replaced by the default, and said once', async () => {
  const port = await freePort();
  let calls = 0;
  open({
    port,
    retryStrategy: () => {
      calls += 1;
      throw new TypeError('oh no');
    }
  });
  await until(() => calls > 6, { message: 'attempts' });
  const late = await startServer({ port });
  try {
    await logged(/Connected to/);
    assert.equal(
      count(/warn: .*option 'retryStrategy' threw TypeError: oh no; the default wait is used instead/),
      1,
      shown()
    );
    assert.equal(count(/^error/), 0, shown());
  } finally {
    await late.stop();
  }
});

test('a retryStrategy that blocks is replaced by the default, and said once', async () => {
  const port = await freePort();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let calls = 0;
  open({
    port,
    retryStrategy: () => {
      calls += 1;
      if (calls <= 3) {
        Atomics.wait(cell, 0, 0, 1500);
      }
      return 50;
    }
  });
  await until(() => calls > 4, { deadline: 20_000, message: 'attempts' });
  const late = await startServer({ port });
  try {
    await logged(/Connected to/);
    assert.equal(count(/warn: .*option 'retryStrategy' did not answer within 1000 ms; the default wait/), 1, shown());
  } finally {
    await late.stop();
  }
});

for (const [name, answer, words] of [
  ['null', () => null],
  ['undefined', () => undefined],
  ['a string', () => '100', /returned a value of type string, not a number of milliseconds/],
  ['a Promise', async () => 100, /returned a Promise, not a number of milliseconds/],
  ['NaN', () => NaN, /returned NaN, not a number of milliseconds/]
]) {
  test(`a retryStrategy that returns ${name} ends all attempts, which is said once`, async () => {
    const port = await freePort();
    let calls = 0;
    open({
      port,
      retryStrategy: (times) => {
        calls += 1;
        return answer(times);
      }
    });
    await logged(/^error: /);
    await until(() => calls === 2, { message: 'the end of both connections' });
    const late = await startServer({ port });
    try {
      // Two connections, each of which would come back within 50 ms.
      await new Promise((resolve) => {
        setTimeout(resolve, 2000);
      });
      assert.equal(calls, 2);
      assert.equal(count(/Connected to/), 0, shown());
      assert.equal(
        count(
          /^error: .*option 'retryStrategy' allows no further attempt to connect to 127\.0\.0\.1:\d+, until Node-RED is restarted/
        ),
        1,
        shown()
      );
      assert.equal(count(/^error/), 1, shown());
      assert.equal(count(/^warn: .*option 'retryStrategy'/), words ? 1 : 0, shown());
      if (words) {
        assert.equal(count(words), 1, shown());
      }
      const began = performance.now();
      assert.equal(await core.readSettings(), '{}');
      assert.ok(performance.now() - began < 1000, 'nobody waits for a connection that will not come');
    } finally {
      await late.stop();
    }
  });
}

test('reconnectOnError sees what ioredis shows of an error, and nothing of the values', async () => {
  const seen = [];
  open({
    clientInfoTag: 'seen',
    reconnectOnError: (error) => {
      seen.push(error);
      return false;
    }
  });
  await logged(/Connected to/);
  const before = await connections('seen');
  await assert.rejects(core.readLibraryEntry('flows', 'a list'), /WRONGTYPE|can't be used/);
  assert.ok(seen.length > 0);
  for (const error of seen) {
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'ReplyError');
    assert.match(error.message, /^WRONGTYPE Operation/);
    assert.match(error.command.name, /^(strlen|getrange)$/);
    assert.deepEqual(error.command.args, []);
  }
  await readsEntry();
  assert.deepEqual(
    (await connections('seen')).map((line) => line.split(' ')[0]).sort(),
    before.map((line) => line.split(' ')[0]).sort(),
    'false changes nothing'
  );
});

for (const answer of [true, 1]) {
  test(`reconnectOnError that returns ${answer} connects anew`, async () => {
    open({ clientInfoTag: 'anew', reconnectOnError: () => answer });
    await logged(/Connected to/);
    await until(async () => (await connections('anew')).length === 2, { message: 'both connections' });
    const ids = async () => (await connections('anew')).map((line) => line.split(' ')[0]);
    const before = await ids();
    await assert.rejects(core.readLibraryEntry('flows', 'a list'));
    await until(async () => (await ids()).some((id) => !before.includes(id)), { message: 'a new connection' });
    await readsEntry();
  });
}

test('reconnectOnError that returns 2 asks again on the new connection', async () => {
  let calls = 0;
  open({
    reconnectOnError: () => {
      calls += 1;
      client
        .multi()
        .del(LIST)
        .set(LIST, JSON.stringify({ fn: 'mended' }))
        .exec();
      return 2;
    }
  });
  await logged(/Connected to/);
  assert.equal(JSON.parse(await core.readLibraryEntry('flows', 'a list')), 'mended');
  assert.ok(calls >= 1);
});

for (const [name, reconnectOnError, words] of [
  [
    'throws',
    () => {
      throw new Error('oh no');
    },
    /option 'reconnectOnError' threw Error: oh no; taken for false/
  ],
  [
    'returns a Promise',
    async () => 2,
    /option 'reconnectOnError' returned a Promise, not false, true, 1 or 2; taken for false/
  ],
  [
    'blocks',
    () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1300);
      return 2;
    },
    /option 'reconnectOnError' did not answer within 1000 ms; taken for false/
  ]
]) {
  test(`reconnectOnError that ${name} is taken for false, and said once`, async () => {
    open({ reconnectOnError });
    await logged(/Connected to/);
    for (let times = 0; times < 2; times += 1) {
      await assert.rejects(core.readLibraryEntry('flows', 'a list'));
    }
    assert.equal(count(words), 1, shown());
    assert.equal(count(/Connection lost/), 0, shown());
    await readsEntry();
  });
}

test('what can not be meant is refused by name', () => {
  for (const [valkey, words] of [
    [{ retryStrategy: 100 }, /option 'retryStrategy' must be a function \(times\) => milliseconds, or null, not 100/],
    [
      { reconnectOnError: true },
      /option 'reconnectOnError' must be a function \(error\) => false, true, 1 or 2, not true/
    ],
    [{ socketTimeout: 50 }, /option 'socketTimeout' must be a whole number of milliseconds from 100/],
    [{ maxRetriesPerRequest: 'many' }, /option 'maxRetriesPerRequest' must be a whole number, or null for no limit/],
    [{ autoResubscribe: false }, /option 'autoResubscribe' can't be false on a worker/],
    [{ monitor: true }, /option 'monitor' can't be used/]
  ]) {
    assert.throws(
      () => open(valkey),
      (error) => {
        assert.equal(error.code, 'ERR_VALKEY_OPTION');
        assert.match(error.message, words);
        return true;
      }
    );
  }
});
