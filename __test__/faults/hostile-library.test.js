'use strict';

// Library keys and index entries that somebody else stored: an admin writes none of them outside
// its own folders.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { openInstance } = require('./support/addon.js');
const { count } = require('./support/counts.js');
const { SEED, createRandom } = require('./support/random.js');
const { PREFIX, loginOf, startGuardedServer } = require('./support/users.js');
const { tempDir } = require('../support/temp-dir.js');
const { until } = require('../support/wait.js');

const random = createRandom('hostile');
const PARTS = [
  '..',
  '.',
  '...',
  '/',
  '//',
  '\\',
  '\0',
  'C:',
  '~',
  '%2e%2e',
  '%2f',
  'a',
  'b.js',
  ' ',
  '\n',
  '..\\..',
  'node_modules',
  '.git',
  'package.json',
  '\u2024\u2024',
  'CON',
  '\ud83d\ude00',
  '-rf',
  '$(touch x)',
  ':',
  '\u0000..'
];
const FIXED = [
  'functions:../../escaped.js',
  'functions:/etc/escaped.js',
  'functions:a/../../../escaped.js',
  'functions:a\0b.js',
  'functions:..\\..\\escaped.js',
  '..:escaped.js',
  '../..:escaped.js',
  '/etc:escaped.js',
  'a\0b:c',
  '.:..',
  '..:..',
  'functions:',
  ':',
  ':/',
  'functions:..',
  'functions:.',
  'functions://x',
  'functions:x/',
  '../lib:../settings.js',
  'functions:flows.json/../../../flows.json',
  'C\\:x',
  `functions:${'a/'.repeat(300)}x`,
  `functions:${'n'.repeat(300)}`
];

const entryOf = (marker) => JSON.stringify({ name: marker, fn: `hostile ${marker}` });

/** Every file below a folder with its content. */
function filesBelow(dir) {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

let server;
let outer;

before(async () => {
  server = await startGuardedServer();
  outer = tempDir('outer');
});

after(() => server?.stop());

test('whatever the library keys are, nothing is written outside lib', { timeout: 120_000 }, async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`);
  const client = server.client();
  const userDir = path.join(outer, 'deep', 'down', 'user');
  fs.mkdirSync(userDir, { recursive: true });
  const names = [...FIXED];
  for (let i = 0; i < count(300, 5000); i += 1) {
    const made = Array.from({ length: random.whole(1, 6) }, () => random.of(PARTS)).join(random.of(['/', '', '\\']));
    names.push(`${random.of(['functions', 'flows', 'templates', random.of(PARTS)])}:${made}`);
  }
  for (const [index, name] of names.entries()) {
    await client.set(`${PREFIX}library:${name}`, entryOf(index));
    const [type, ...rest] = name.split(':');
    await client.hset(`${PREFIX}index:library:${type}:`, rest.join(':') || '..', '{}');
  }
  await client.set(`${PREFIX}library:functions:good.js`, entryOf('good'));
  await client.rpush(`${PREFIX}library:functions:list.js`, 'a');
  await client.set(`${PREFIX}library:functions:broken.js`, '{"fn":');
  await client.set(`${PREFIX}library:functions:number.js`, '5');
  await client.set(`${PREFIX}library:functions:strange.js`, '{"fn":{"a":1},"name":[1]}');

  const admin = await openInstance({ role: 'admin', server, userDir, valkey: loginOf('admin') });
  try {
    const good = path.join(userDir, 'lib', 'functions', 'good.js');
    await until(() => fs.existsSync(good), { message: () => `the good entry; ${admin.lines.slice(-10).join('\n')}` });
    // The comparison is over once it answers for a save of our own.
    await admin.storage.saveLibraryEntry('functions', 'own.js', { name: 'own' }, 'own');
    const outside = filesBelow(outer).filter((file) => !file.startsWith(path.join(userDir, 'lib') + path.sep));
    for (const file of outside) {
      assert.doesNotMatch(fs.readFileSync(file, 'utf8'), /hostile/, `${file} was written`);
    }
    const inside = filesBelow(path.join(userDir, 'lib'));
    t.diagnostic(`${names.length} hostile keys, ${inside.length} files below lib`);
    for (const file of ['/etc/escaped.js', '/escaped.js']) {
      assert.ok(!fs.existsSync(file), file);
    }
    await admin.deploy(1);
  } finally {
    await admin.close();
  }
});

test('a link inside lib that leads out of it is not followed', { timeout: 60_000 }, async () => {
  const client = server.client();
  await client.flushall();
  await client.set(`${PREFIX}library:functions:out/escaped.js`, entryOf('link'));
  await client.set(`${PREFIX}library:functions:fine.js`, entryOf('fine'));
  const userDir = path.join(outer, 'linked');
  const target = path.join(outer, 'target');
  fs.mkdirSync(path.join(userDir, 'lib', 'functions'), { recursive: true });
  fs.mkdirSync(target);
  fs.symlinkSync(target, path.join(userDir, 'lib', 'functions', 'out'));
  const admin = await openInstance({ role: 'admin', server, userDir, valkey: loginOf('admin') });
  try {
    await until(() => fs.existsSync(path.join(userDir, 'lib', 'functions', 'fine.js')), {
      message: 'the entry beside it'
    });
    assert.deepEqual(fs.readdirSync(target), []);
  } finally {
    await admin.close();
  }
});
