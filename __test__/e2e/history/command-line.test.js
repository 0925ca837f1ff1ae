'use strict';

// `npx node-red-storage-valkey history|diff|rollback` against a real admin with log-ins, and who may and
// who may not.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  USERS,
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { withPlugin } = require('../editor/support/installed-copy.js');
const { freePort } = require('../../support/port.js');
const { raw } = require('../../support/settings-source.js');
const { until } = require('../../support/wait.js');
const { differenceOf, entriesOf, refusal, rollBack, say } = require('./support/history-api.js');

const COMMAND = path.join(__dirname, '..', '..', '..', 'bin', 'node-red-storage-valkey.js');
const NAMES = {
  ada: '*',
  reader: ['flows.read'],
  writer: ['flows.read', 'flows.write'],
  nobody: ['status.read'],
  'reads all': 'read',
  'writes all': 'write',
  'only writes': ['flows.write']
};
const READERS = ['ada', 'reader', 'writer', 'reads all'];
const WRITERS = ['ada', 'writer', 'writes all', 'only writes'];
const HEAD = `
const hash = require(${JSON.stringify(require.resolve('bcryptjs', { paths: [require.resolve('node-red')] }))}).hashSync('password', 4);
const users = Object.entries(${JSON.stringify(NAMES)}).map(([username, permissions]) => ({ username, permissions, password: hash }));
const adminAuth = { type: 'credentials', users };
`;

let server;
let admin;
const tokens = {};

before(async () => {
  server = await startServerWithUsers();
  admin = await startInstance(
    'admin',
    server,
    withPlugin({
      flows: answerFlow('first'),
      settingsHead: HEAD,
      settings: { adminAuth: raw('adminAuth'), httpAdminRoot: '/edit' }
    })
  );
  for (const username of Object.keys(NAMES)) {
    const body = { client_id: 'node-red-admin', grant_type: 'password', scope: '', username, password: 'password' };
    tokens[username] = (await admin.admin('/auth/token', { method: 'POST', body })).json().access_token;
  }
  await admin.deploy(answerFlow('second'), { type: 'nodes', token: tokens.ada });
});

after(stopAll);

/** Runs a command as an operator does; `token` in the environment. */
function run(args, { token, port = server.port } = {}) {
  const { username, password } = USERS.admin;
  const env = {
    ...process.env,
    VALKEY_URL: `redis://127.0.0.1:${port}`,
    VALKEY_USERNAME: username,
    VALKEY_PASSWORD: password,
    VALKEY_PREFIX: PREFIX,
    ...(token ? { NODE_RED_TOKEN: token } : {})
  };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { out: '', err: '' };
    child.stdout.on('data', (text) => (texts.out += text));
    child.stderr.on('data', (text) => (texts.err += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}

const editor = () => `${admin.url}/edit/`;

test('the command line tells the same as the editor', async () => {
  const entries = await entriesOf(admin, { token: tokens.reader });
  const listed = await run(['history', '--json']);
  assert.deepEqual([listed.code, JSON.parse(listed.out)], [0, entries], listed.err);
  assert.deepEqual(
    entries.map(({ user, origin }) => [user, origin]),
    [
      ['ada', 'deploy'],
      [null, 'load']
    ]
  );
  const table = (await run(['history'])).out.trimEnd().split('\n');
  assert.match(table[0], /^\s+sequence\s+time\s+user\s+origin\s+added\s+changed\s+removed\s+tabs$/);
  assert.match(table[1], /^\*\s+2\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+ada\s+deploy\s+0\s+1\s+0\s+Answer$/);

  const difference = await run(['diff', '1', '2', '--json']);
  assert.deepEqual(JSON.parse(difference.out), await differenceOf(admin, 2, 1, { token: tokens.reader }));
  const text = (await run(['diff', '2'])).out;
  assert.match(text, /^from deploy 1 to deploy 2\n\nAnswer\n {2}~ change \(set\)\n {6}rules: .*first.* → .*second/);
});

test('it is told with the codes that scripts go by', async () => {
  assert.equal((await run(['diff', '99'])).code, 1);
  assert.equal((await run(['diff', 'x'])).code, 2);
  assert.equal((await run(['history', '--url', `redis://127.0.0.1:${await freePort()}`])).code, 2);
  const away = `http://127.0.0.1:${await freePort()}`;
  assert.equal((await run(['rollback', '1', '--admin', away])).code, 2);
  assert.equal((await run(['rollback', '1'])).code, 2);
});

test('reading needs flows.read, and going back flows.write: each request, by whoever is logged in', async () => {
  const NONE = 99;
  const before = await entriesOf(admin, { token: tokens.ada });
  const requests = {
    entries: [READERS, (options) => entriesOf(admin, options), null],
    difference: [READERS, (options) => differenceOf(admin, NONE, 1, options), [404, 'ERR_VALKEY_HISTORY']],
    rollback: [WRITERS, (options) => rollBack(admin, NONE, options), [404, 'ERR_VALKEY_HISTORY']],
    message: [WRITERS, (options) => say(admin, NONE, 'no', options), [404, 'ERR_VALKEY_HISTORY']]
  };
  for (const [request, [allowed, send, answer]] of Object.entries(requests)) {
    for (const [name, token] of [['no one'], ['a stranger', 'made-up'], ...Object.entries(tokens)]) {
      const refused = await refusal(send({ token }));
      if (allowed.includes(name)) {
        assert.deepEqual(refused, answer, `${request} by ${name}`);
      } else {
        assert.equal(refused?.[0], 401, `${request} by ${name}`);
      }
    }
  }
  // With an entry that there is, too.
  for (const name of ['nobody', 'reader', 'reads all']) {
    const token = tokens[name];
    assert.equal((await refusal(rollBack(admin, 1, { token })))[0], 401, name);
    assert.equal((await refusal(say(admin, 1, 'no', { token })))[0], 401, name);
  }
  assert.deepEqual(await entriesOf(admin, { token: tokens.ada }), before);
  for (const token of [undefined, tokens.reader]) {
    const refused = await run(['rollback', '1', '--admin', editor()], { token });
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.match(refused.err, /--token/);
  }
  await untilAnswer(admin, 'second:none');
});

test('a rollback goes through the admin, with the name of who is logged in', async () => {
  const token = tokens.writer;
  const done = await run(['rollback', '1', '--admin', editor(), '--message', 'as it was'], { token });
  assert.deepEqual([done.code, done.out], [0, 'rolled back to deploy 1\n'], done.err);
  await untilAnswer(admin, 'first:none');
  const [{ user, origin, to, message }] = await entriesOf(admin, { token });
  assert.deepEqual([user, origin, to, message], ['writer', 'rollback', 1, 'as it was']);
  assert.equal((await run(['rollback', '99', '--admin', editor()], { token })).code, 1);
});

test('with the admin down, the history is read all the same', async () => {
  const entries = await entriesOf(admin, { token: tokens.ada });
  const key = `${PREFIX}history:${entries[0].sequence}`;
  await until(() => server.client().exists(key), { message: 'the last entry in Valkey' });
  await admin.stop();
  assert.deepEqual(JSON.parse((await run(['history', '--json'])).out), entries);
  assert.equal((await run(['diff', '3'])).code, 0);
});
