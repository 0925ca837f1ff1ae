'use strict';

// What docs/context.md has one run to keep the keys of node-red-context-valkey, on a real server.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { after, before, test } = require('node:test');
const zlib = require('node:zlib');

const { startServer } = require('../support/server.js');
const { openConnected } = require('./support/opened-core.js');
const { migrationRecipe } = require('./support/recipes.js');

const skip = spawnSync('redis-cli', ['--version']).status === 0 ? false : 'redis-cli is not there';

const OLD = {
  'global:a': '"text"',
  'global: b c ': '2',
  'global:p:q': '3',
  'global:50%': '4',
  'global:back\\slash': '5',
  'global:ü"': '6',
  'global:zipped': `gzip:${zlib.gzipSync('{"z":7}').toString('base64')}`,
  'tab1:x y': '8',
  'tab1:70%': '9',
  'node1:tab1:k': '10'
};

let server;
let client;

before(async () => {
  server = await startServer();
  client = server.client();
});

after(() => server?.stop());

/** The recipe, with another first line; what it says. */
function rename(from, to) {
  const [, ...lines] = migrationRecipe('sh').split('\n');
  const ours = `redis-cli -h 127.0.0.1 -p ${server.port}`;
  const script = [`from=${from} to=${to}`, ...lines].join('\n').replaceAll('redis-cli', ours);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

async function readAll(keyPrefix) {
  const store = await openConnected(server, { keyPrefix });
  const read = (scope) => Object.fromEntries(store.keys(scope).map((key) => [key, store.get(scope, [quoted(key)])[0]]));
  const all = { global: read('global'), tab1: read('tab1'), 'node1:tab1': read('node1:tab1') };
  await store.close();
  return all;
}

const quoted = (key) => (key.includes('"') ? `'${key}'` : `"${key}"`);

const EXPECTED = {
  global: { a: 'text', ' b c ': 2, 'p:q': 3, '50%': 4, 'back\\slash': 5, 'ü"': 6, zipped: { z: 7 } },
  tab1: { 'x y': 8, '70%': 9 },
  'node1:tab1': { k: 10 }
};

const write = (prefix) => Promise.all(Object.entries(OLD).map(([name, text]) => client.set(`${prefix}${name}`, text)));

test('keys with a doubled prefix are renamed, and what is there already stays', { skip }, async () => {
  await write('d:d:context:');
  await client.set('d:context:global:taken', '1');
  await client.set('d:d:context:global:taken', '2');
  assert.equal(rename('d:d:context:', 'd:context:'), 'left as it is: d:d:context:global:taken\n');
  assert.deepEqual(await readAll('d:'), { ...EXPECTED, global: { ...EXPECTED.global, taken: 1 } });
});

test('keys without are where they are, but for names with a colon or a percent sign', { skip }, async () => {
  await write('p:context:');
  assert.equal(rename('p:context:', 'p:context:'), '');
  assert.deepEqual(await readAll('p:'), EXPECTED);
});

test('the first line of the recipe is one of names', () => {
  assert.match(migrationRecipe('sh'), /^from=nodered:context: to=nodered:context: /);
});
