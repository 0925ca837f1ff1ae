'use strict';

// The history of an admin with Projects: it goes on beside git's, and a rollback is a change that nobody has committed.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { GIT } = require('../../support/git.js');
const {
  PREFIX,
  answerFlow,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { withPlugin } = require('../editor/support/installed-copy.js');
const { differenceOf, entriesOf, refusal, rollBack } = require('./support/history-api.js');

let client;
let admin;
let worker;

before(async () => {
  const server = await startServerWithUsers();
  client = server.client();
  admin = await startInstance(
    'admin',
    server,
    withPlugin({
      env: GIT,
      settings: { editorTheme: { projects: { enabled: true } } },
      flows: answerFlow('no project')
    })
  );
  worker = await startInstance('worker', server);
  await untilAnswer(worker, 'no project:none');
});

after(stopAll);

const folder = (name) => path.join(admin.userDir, 'projects', name);
const git = (name, ...args) => execFileSync('git', ['-C', folder(name), ...args], { encoding: 'utf8' }).trim();
const uncommitted = (name) => git(name, 'diff', '--name-only', 'HEAD').split('\n').filter(Boolean).sort();
const inProject = (name, file) => JSON.parse(fs.readFileSync(path.join(folder(name), file), 'utf8'));
const inValkey = async (key) => JSON.parse(await client.get(`${PREFIX}${key}`));
const deploy = (version, token) => admin.deploy(answerFlow(version, { token }), { type: 'nodes' });
const create = (name) =>
  admin.admin('/projects', {
    method: 'POST',
    body: { name, summary: name, files: { flow: 'flow.json' }, credentialSecret: `secret of ${name}` }
  });
const open = (name) => admin.admin(`/projects/${name}`, { method: 'PUT', body: { active: true } });
const commit = (name, message) => {
  git(name, 'add', '-A');
  return execFileSync('git', ['-C', folder(name), 'commit', '-qm', message], { env: { ...process.env, ...GIT } });
};

/** The newest entries, as origin, Project, and what a rollback was to. */
const newest = async (count) =>
  (await entriesOf(admin)).slice(0, count).map(({ origin, project, to }) => [origin, project, to]);
const sequenceOf = async (place) => (await entriesOf(admin))[place].sequence;

test('opening a Project, and each deploy in it, is an entry with its name', async () => {
  await create('first');
  await deploy('one', 'a');
  await deploy('two', 'b');
  await untilAnswer(worker, 'two:b');
  assert.deepEqual(await newest(4), [
    ['deploy', 'first', null],
    ['deploy', 'first', null],
    ['project', 'first', null],
    ['load', null, null]
  ]);
});

test('a rollback is what its files hold, here and on the worker, and is not committed', async () => {
  commit('first', 'as it is to stay');
  assert.deepEqual(uncommitted('first'), []);
  const head = git('first', 'rev-parse', 'HEAD');
  const { credentials } = await rollBack(admin, await sequenceOf(1));
  assert.equal(credentials, 'restored');
  await Promise.all([untilAnswer(admin, 'one:a'), untilAnswer(worker, 'one:a')]);
  assert.equal(git('first', 'rev-parse', 'HEAD'), head);
  assert.deepEqual(uncommitted('first'), ['flow.json', 'flow_cred.json']);
  assert.deepEqual(await inValkey('flows'), inProject('first', 'flow.json'));
  assert.deepEqual(await inValkey('credentials'), inProject('first', 'flow_cred.json'));
  assert.deepEqual((await newest(1))[0].slice(0, 2), ['rollback', 'first']);
});

test('what is taken back with git is an entry, and the rollback stays one to go back to', async () => {
  const rollback = await sequenceOf(0);
  await admin.admin('/projects/first/files/_/flow.json', { method: 'DELETE' });
  await admin.admin('/projects/first/files/_/flow_cred.json', { method: 'DELETE' });
  await untilAnswer(worker, 'two:b');
  assert.equal((await newest(1))[0][1], 'first');
  assert.deepEqual(uncommitted('first'), []);
  await rollBack(admin, rollback);
  await Promise.all([untilAnswer(admin, 'one:a'), untilAnswer(worker, 'one:a')]);
});

test('the history survives a restart with the Project', async () => {
  const before = await entriesOf(admin);
  await admin.restart();
  await untilAnswer(admin, 'one:a');
  assert.deepEqual(await entriesOf(admin), before);
});

test('with another Project open, what was deployed in the first is shown, and is not put into its files', async () => {
  const first = await sequenceOf(0);
  await create('second');
  await deploy('of the second', 'c');
  await untilAnswer(worker, 'of the second:c');
  commit('second', 'as it is');
  assert.deepEqual(await newest(2), [
    ['deploy', 'second', null],
    ['project', 'second', null]
  ]);
  assert.equal((await differenceOf(admin, await sequenceOf(0), first)).tabs.length, 1);
  assert.deepEqual(await refusal(rollBack(admin, first)), [409, 'other_project']);
  assert.deepEqual(uncommitted('second'), []);
  await open('first');
  await untilAnswer(worker, 'one:a');
  await open('second');
  await untilAnswer(worker, 'of the second:c');
  assert.deepEqual(await newest(2), [
    ['project', 'second', null],
    ['project', 'first', null]
  ]);
});
