'use strict';

// Library calls through Node-RED's HTTP API: an admin and a worker answer as Node-RED does with
// its default storage.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { startNodeRed } = require('../../support/node-red.js');
const { until } = require('../../support/wait.js');

const FLOW = JSON.stringify([{ id: 'n1', type: 'comment', name: 'kept' }]);

let server;
let plain;
let admin;
let worker;

before(async () => {
  server = await startServerWithUsers();
  [plain, admin] = await Promise.all([startNodeRed({ flows: [] }), startInstance('admin', server, { flows: [] })]);
  worker = await startInstance('worker', server, { httpAdmin: true });
});

after(async () => {
  await plain?.stop();
  await stopAll();
});

async function save(instance, type, name, body) {
  const headers = { 'Content-Type': 'application/json' };
  await instance.admin(`/library/local/${type}/${name}`, { method: 'POST', headers, body });
}

async function get(instance, type, name) {
  const { status, text } = await instance.http(`/library/local/${type}/${name}`, {
    headers: { Accept: 'application/json' },
    deadline: 30_000
  });
  return { status, text };
}

async function saveEverywhere(type, name, body) {
  await save(plain, type, name, body);
  await save(admin, type, name, body);
  // Plain Node-RED may answer before its disk has it. What looks like a header is not read again.
  const end = type === 'flows' ? '' : body.text.split('\n').at(-1);
  const isThere = ({ status, text }) => status === 200 && text.endsWith(end);
  await until(async () => isThere(await get(plain, type, encodeURI(name))), { message: `${name} on its disk` });
}

/** What is missing: the same status; the words name a path of one disk, or our own code. */
async function assertMissing(type, name) {
  for (const instance of [plain, admin, worker]) {
    const { status, text } = await get(instance, type, name);
    assert.equal(status, 400, `${type}/${name}: ${text}`);
    assert.match(JSON.parse(text).message, type === 'flows' ? /not found|ENOENT/ : /^Library Entry not found/);
  }
}

/** The same status and the same body, byte for byte. */
async function assertSame(type, name) {
  const expected = await get(plain, type, name);
  assert.deepEqual(await get(admin, type, name), expected, `admin: ${type}/${name}`);
  await until(
    async () => {
      assert.deepEqual(await get(worker, type, name), expected, `worker: ${type}/${name}`);
      return true;
    },
    { message: `the same answer on the worker for ${type}/${name}` }
  );
  return expected;
}

test('an empty library', async () => {
  await assertSame('flows', '');
  await assertSame('functions', '');
});

test('entries, folders and their order', async () => {
  await saveEverywhere('functions', 'zeta.js', { text: 'return 1;', name: 'Zeta', outputs: '2' });
  await saveEverywhere('functions', 'alpha.js', { text: 'line 1\nline 2\n// not: a header\n', name: 'Al"pha\nü' });
  await saveEverywhere('functions', 'folder/inner.js', { text: '// looks: like a header\nbody', name: 'inner' });
  await saveEverywhere('functions', 'folder/deeper/x.js', { text: '', name: '' });
  await saveEverywhere('functions', 'Beta folder/ä ö.js', { text: 'x', name: 'with spaces' });
  await saveEverywhere('flows', 'first', FLOW);
  await saveEverywhere('flows', 'sub/second', FLOW);
  for (const name of [
    '',
    'zeta.js',
    'alpha.js',
    'folder',
    'folder/',
    'folder/inner.js',
    'folder/deeper',
    'folder/deeper/x.js',
    'Beta%20folder',
    'Beta%20folder/%C3%A4%20%C3%B6.js'
  ]) {
    const { status } = await assertSame('functions', name);
    assert.equal(status, 200, name);
  }
  const listing = JSON.parse((await get(worker, 'functions', '')).text);
  assert.deepEqual(listing.slice(0, 2), ['Beta folder', 'folder']);
  assert.equal(listing[2].fn, 'alpha.js');
});

test('flows are found with and without their ending', async () => {
  for (const name of ['', 'first', 'first.json', 'sub', 'sub/second', 'sub/second.json']) {
    const { status } = await assertSame('flows', name);
    assert.equal(status, 200, name);
  }
});

test('what is missing is missing everywhere', async () => {
  await assertMissing('functions', 'none.js');
  await assertMissing('functions', 'folder/none.js');
  await assertMissing('flows', 'none');
  await assertMissing('flows', 'none.json');
  await assertSame('functions', 'none/');
});

test('an entry that is saved again is replaced', async () => {
  await saveEverywhere('functions', 'zeta.js', { text: 'return 2;', name: 'Zeta again' });
  const { text } = await assertSame('functions', 'zeta.js');
  assert.match(text, /return 2/);
});

test('a listing reads its folder and nothing else', async () => {
  const client = server.client();
  const calls = async () => {
    const stats = await client.info('commandstats');
    return Number(/cmdstat_(?:scan|keys):calls=(\d+)/.exec(stats)?.[1] || 0);
  };
  const before = await calls();
  await get(worker, 'functions', '');
  await get(worker, 'functions', 'folder');
  assert.equal(await calls(), before);
});

test("an entry that was deleted on the admin's disk is deleted in Valkey when it starts again", async () => {
  const lib = path.join(admin.userDir, 'lib', 'functions');
  fs.rmSync(path.join(lib, 'folder'), { recursive: true });
  fs.rmSync(path.join(plain.userDir, 'lib', 'functions', 'folder'), { recursive: true });
  await admin.restart();
  await admin.waitForLog(/functions\/folder\/inner\.js was deleted here/);
  await until(async () => (await get(worker, 'functions', 'folder/inner.js')).status === 400, {
    message: 'the deletion'
  });
  await assertSame('functions', '');
});

test('an admin that has lost its library folder gets it back from Valkey', async () => {
  await admin.stop();
  fs.rmSync(path.join(admin.userDir, 'lib'), { recursive: true });
  await admin.restart();
  await admin.waitForLog(/flows\/first\.json was restored from Valkey/);
  await until(async () => (await get(admin, 'functions', 'zeta.js')).status === 200, {
    message: 'the restored library'
  });
  await assertSame('flows', 'sub/second');
  await assertSame('functions', '');
});

test('a name that is no name on every system is saved on the disk that takes it, with a warning', async () => {
  await saveEverywhere('functions', 'k:l.js', { text: 'return 5;', name: 'odd' });
  assert.equal((await get(admin, 'functions', 'k:l.js')).text, (await get(plain, 'functions', 'k:l.js')).text);
  await admin.waitForLog(/functions\/k:l\.js is saved on disk, but not mirrored/);
  for (const { userDir } of [plain, admin]) {
    fs.rmSync(path.join(userDir, 'lib', 'functions', 'k:l.js'));
  }
});

test('keys that name no place in the library touch no file', async () => {
  const client = server.client();
  const hostile = [
    'library:functions:../../escaped.js',
    'library:functions:/escaped.js',
    'library:..:escaped.js',
    'library:functions:a\\..\\escaped.js',
    'library:functions:nul\0.js',
    'library:functions:',
    'library::x.js'
  ];
  for (const key of hostile) {
    await client.set(PREFIX + key, JSON.stringify({ fn: 'escaped' }));
  }
  await client.set(`${PREFIX}library:functions:broken.js`, '{"fn":');
  // A folder of this name would have to stand where a file is: it must not keep back the others.
  await client.set(`${PREFIX}library:functions:alpha.js/below.js`, JSON.stringify({ fn: 'return 4;' }));
  await client.set(`${PREFIX}library:functions:good.js`, JSON.stringify({ name: 'good', fn: 'return 3;' }));
  await admin.restart();
  await admin.waitForLog(/functions\/good\.js was restored from Valkey/);
  const files = fs.readdirSync(admin.userDir, { recursive: true }).map(String);
  assert.deepEqual(
    files.filter((name) => name.includes('escaped') || name.includes('broken')),
    []
  );
  assert.equal(fs.existsSync(path.join(admin.userDir, '..', 'escaped.js')), false);
  assert.match(admin.logs, /broken\.js' is left alone/);
  assert.match(admin.logs, /functions\/alpha\.js\/below\.js could not be restored to disk/);
});
