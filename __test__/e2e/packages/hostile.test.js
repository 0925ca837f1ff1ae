'use strict';

// Lists that no admin would store, under the key and on the channel: refused, no npm run, the
// worker serves on. And what the worker's own settings forbid.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

const { npmRuns } = require('../../support/npm/runs.js');
const {
  CHANNEL,
  DEADLINE,
  KEY,
  packageTest,
  untilOnDisk,
  versionOnDisk
} = require('../../support/npm/package-test.js');
const { answering, markingScript } = require('../../support/npm/kinds.js');
const { until } = require('../../support/wait.js');
const { answerFlow, untilAnswer } = require('../support/admin-and-workers.js');

const GOOD = { good: '1.0.0' };
const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`evil-${at}`, '1.0.0']));

/** Each beside a package that could be installed: a bad name or version refuses the whole list. */
const NAMES = [
  '--registry=http://127.0.0.1:9/',
  '-g',
  '--',
  '../evil',
  'a/../../evil',
  '/tmp/evil',
  '.evil',
  'node_modules',
  'evil; touch pwned',
  '$(touch pwned)',
  '`touch pwned`',
  'evil\n--global',
  'evil\u0000',
  '@evil',
  '@evil/',
  '@/evil',
  'evil@1.0.0',
  'evil.tar-gz',
  'http://127.0.0.1:9/evil.tgz',
  'git+ssh://git@127.0.0.1/evil.git',
  'evil/evil',
  'C:\\evil',
  '',
  ' evil',
  'é'.repeat(300)
];
const VERSIONS = [
  '--global',
  '-g',
  '1.0.0 --ignore-scripts=false',
  'http://127.0.0.1:9/evil.tgz',
  'git+https://127.0.0.1/evil.git',
  'github:evil/evil',
  'evil/evil',
  'file:../evil',
  'link:../evil',
  '../evil',
  '/tmp/evil.tgz',
  'npm:evil@1.0.0',
  'workspace:*',
  '1.0.0-evil.tgz',
  '1 || 2.0.0-evil.tar',
  '1.0.0; touch pwned',
  '$(touch pwned)',
  '1.0.0\n--global',
  '1.0.0\u0000',
  'latest && touch pwned'
];
const TEXTS = {
  'cut off': '{"good":"1.0.0","evil":',
  'not JSON': 'good@1.0.0',
  null: 'null',
  'a number': '7',
  'a text': '"evil"',
  'numbers as versions': '{"good":"1.0.0","evil":1}',
  'nested lists': '{"good":"1.0.0","evil":{"version":"1.0.0"}}',
  'an array of flags': '["good","--global"]',
  'an array of numbers': '["good",1]',
  'deep nesting': '['.repeat(200_000),
  'too many': JSON.stringify(many),
  '10 MB': JSON.stringify({ good: '1.0.0', evil: '1'.repeat(10_000_000) }),
  '10 MB that were 10 KB': zlib.gzipSync(JSON.stringify({ good: '1.0.0', evil: '1'.repeat(10_000_000) })),
  'half a gzip stream': zlib.gzipSync(JSON.stringify(GOOD)).subarray(0, 20)
};

/** A worker that runs, has no package yet, and is told to say what it does about a list. */
async function serving(cluster, options) {
  cluster.registry.publish(answering('good', '1.0.0'));
  await cluster.deployed(answerFlow('deployed'));
  const worker = await cluster.worker(options);
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  return worker;
}

/** Has the worker take a list that has nothing in it: the same complaint is then said anew. */
async function calmed(cluster, worker) {
  const from = worker.mark();
  await cluster.store({});
  await worker.waitForLog(/\[info\] \[ValkeyStorage\] the package list can be used again/, {
    deadline: DEADLINE,
    from
  });
}

/** Stores and announces a list, and waits until the worker says that it does not take it. */
async function refused(cluster, worker, what, list) {
  const from = worker.mark();
  await cluster.store(list, { announce: String(Date.now()) });
  await worker
    .waitForLog(new RegExp(`\\[(warn|error)\\] \\[ValkeyStorage\\] .*${KEY}`), { deadline: DEADLINE, from })
    .catch((error) => {
      throw new Error(`${what}: ${error.message}`, { cause: error });
    });
  assert.ok(worker.running, what);
  await calmed(cluster, worker);
}

async function untouched(cluster, worker) {
  await untilAnswer(worker, 'deployed:none', DEADLINE);
  assert.deepEqual(
    npmRuns(worker.userDir).map(({ argv }) => argv),
    [],
    'no npm ran'
  );
  assert.deepEqual(cluster.registry.requests, []);
  assert.equal(fs.existsSync(path.join(worker.userDir, 'pwned')), false);
  assert.doesNotMatch(worker.logs, /Uncaught|unhandled|panicked/i);
}

/** That the refusals have left it in order. */
async function installsStill(cluster, worker) {
  const { pid } = worker;
  await cluster.store(GOOD);
  await untilOnDisk(worker, GOOD);
  assert.equal(worker.pid, pid);
}

packageTest('names that are flags, paths, addresses or shell text', async (t, cluster) => {
  const worker = await serving(cluster);
  for (const name of NAMES) {
    await refused(cluster, worker, JSON.stringify(name), { good: '1.0.0', [name]: '1.0.0' });
  }
  await untouched(cluster, worker);
  await installsStill(cluster, worker);
});

packageTest('versions that are flags, addresses, aliases or shell text', async (t, cluster) => {
  const worker = await serving(cluster);
  for (const version of VERSIONS) {
    await refused(cluster, worker, JSON.stringify(version), { good: '1.0.0', evil: version });
  }
  await untouched(cluster, worker);
  await installsStill(cluster, worker);
});

packageTest('values that are no list, or too much of one', async (t, cluster) => {
  const worker = await serving(cluster);
  for (const [what, text] of Object.entries(TEXTS)) {
    await refused(cluster, worker, what, text);
  }
  // Read within bounds, an empty value is none.
  await cluster.store('', { announce: String(Date.now()) });
  const from = worker.mark();
  await cluster.client.multi().del(KEY).rpush(KEY, 'good', '--global').publish(CHANNEL, '1').exec();
  await worker.waitForLog(new RegExp(`\\[(warn|error)\\] \\[ValkeyStorage\\] .*${KEY}`), { deadline: DEADLINE, from });
  await untouched(cluster, worker);
  await installsStill(cluster, worker);
});

packageTest('what stands on the channel is a hint, and never taken for the list', async (t, cluster) => {
  const worker = await serving(cluster);
  await cluster.store(GOOD);
  await untilOnDisk(worker, GOOD);
  const runs = npmRuns(worker.userDir).length;
  const asked = cluster.registry.requests.length;
  const hints = [
    JSON.stringify({ evil: '1.0.0' }),
    '{"good":"9.9.9"}',
    '["--global"]',
    '{}',
    '[]',
    'null',
    '\u0000\u0001',
    ...Object.values(TEXTS),
    '1'.repeat(10_000_000)
  ];
  for (const hint of hints) {
    await cluster.client.publish(CHANNEL, hint);
  }
  // A list that is taken over after them has met them all.
  cluster.registry.publish(answering('after', '1.0.0'));
  await cluster.store({ ...GOOD, after: '1.0.0' });
  await untilOnDisk(worker, { ...GOOD, after: '1.0.0' });
  assert.equal(npmRuns(worker.userDir).length, runs + 1);
  const names = new Set(cluster.registry.requests.slice(asked).map(({ name }) => name));
  assert.ok(
    [...names].every((name) => ['after', 'good'].includes(name)),
    [...names].join()
  );
  await untilAnswer(worker, 'deployed:none', DEADLINE);
});

packageTest('a worker takes only what its own palette settings allow', async (t, cluster) => {
  cluster.registry.publish(answering('good-enough', '1.0.0'));
  cluster.registry.publish(answering('good-denied', '1.0.0'));
  const settings = {
    externalModules: { palette: { allowInstall: false, allowList: ['good*'], denyList: ['good-denied', '*'] } }
  };
  const worker = await serving(cluster, { settings });
  await cluster.store({ good: '1.0.0', 'good-denied': '1.0.0', 'good-enough': '1.0.0', 'not-named': '1.0.0' });
  await untilOnDisk(worker, {
    good: '1.0.0',
    'good-enough': '1.0.0',
    'good-denied': undefined,
    'not-named': undefined
  });
  await worker.waitForLog(/\[ValkeyStorage\] .*good-denied/, DEADLINE);
  assert.equal(cluster.registry.count('packument', 'good-denied'), 0);
  assert.equal(cluster.registry.count('packument', 'not-named'), 0);
});

packageTest('this module and Node-RED are never installed, whoever lists them', async (t, cluster) => {
  for (const name of ['node-red', 'node-red-storage-valkey']) {
    cluster.registry.publish(answering(name, '9.9.9'));
  }
  const worker = await serving(cluster);
  await cluster.store({ good: '1.0.0', 'node-red': '9.9.9', 'node-red-storage-valkey': '9.9.9' });
  await untilOnDisk(worker, GOOD);
  assert.equal(versionOnDisk(worker, 'node-red'), undefined);
  assert.equal(versionOnDisk(worker, 'node-red-storage-valkey'), undefined);
});

packageTest(
  'install scripts run as npm does by default, and not with packageInstallScripts: false',
  async (t, cluster) => {
    cluster.registry.publish(markingScript('marking', '1.0.0'));
    const without = await serving(cluster, { valkey: { packageInstallScripts: false } });
    const byDefault = await cluster.worker();
    await cluster.store({ marking: '1.0.0' });
    for (const [worker, ran] of [
      [without, false],
      [byDefault, true]
    ]) {
      await untilOnDisk(worker, { marking: '1.0.0' });
      const mark = path.join(worker.userDir, 'node_modules', 'marking', 'ran');
      await until(() => fs.existsSync(mark) === ran, { deadline: DEADLINE, message: `script that ran: ${ran}` });
    }
  }
);
