'use strict';

// Projects on the admin: workers run the active one with its credentials, whatever secret they have
// themselves.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { GIT } = require('../../support/git.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, untilTracked } = require('../support/tracked.js');

const PROJECTS = { editorTheme: { projects: { enabled: true } } };

let server;
let client;
let admin;
let workers;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  admin = await startInstance('admin', server, {
    env: GIT,
    settings: PROJECTS,
    flows: trackedFlow({ before: { value: 'no project' } })
  });
  workers = await Promise.all([
    startInstance('worker', server),
    startInstance('worker', server, { settings: { credentialSecret: 'of this worker' } }),
    startInstance('worker', server, {
      settings: { ...PROJECTS, editorTheme: { ...PROJECTS.editorTheme, palette: { editable: false } } }
    })
  ]);
});

after(stopAll);

const deploy = (nodes) => admin.deploy(trackedFlow(nodes), { type: 'nodes' });
const everywhere = (nodes) => Promise.all([admin, ...workers].map((instance) => untilTracked(instance, nodes)));
const create = (name, further) =>
  admin.admin('/projects', {
    method: 'POST',
    body: { name, summary: name, files: { flow: 'flow.json' }, ...further }
  });
const update = (name, body) => admin.admin(`/projects/${name}`, { method: 'PUT', body });
const credentialsText = () => client.get(`${PREFIX}credentials`);

test('before there is a Project, the files in the user directory run', async () => {
  await everywhere({ before: { value: 'no project' } });
});

test("'editorTheme.projects' on a worker is a warning and has no effect", async () => {
  const [without, , projects] = workers;
  assert.match(projects.logs, /\[warn\] \[ValkeyStorage\] 'editorTheme\.projects'/);
  assert.doesNotMatch(without.logs, /editorTheme\.projects/);
});

test("a Project's flows run everywhere with the Project's own secret", async () => {
  await create('first', { credentialSecret: 'secret of the first' });
  await everywhere({});
  await deploy({ a: { value: 'first', token: 'token of the first' } });
  await everywhere({ a: { value: 'first', token: 'token of the first' } });
  await deploy({ a: { value: 'first', token: 'another token' } });
  await everywhere({ a: { value: 'first', token: 'another token' } });
  assert.ok(JSON.parse(await credentialsText()).$, 'encrypted in Valkey');
});

test('a switch of Projects is followed, each with its own credentials', async () => {
  await create('second', { credentialSecret: 'secret of the second' });
  await everywhere({});
  await deploy({ b: { value: 'second', token: 'token of the second' } });
  await everywhere({ b: { value: 'second', token: 'token of the second' } });
  await update('first', { active: true });
  await everywhere({ a: { value: 'first', token: 'another token' } });
  await update('second', { active: true });
  await everywhere({ b: { value: 'second', token: 'token of the second' } });
});

test('a Project without a secret runs with plain credentials', async () => {
  await create('third');
  await everywhere({});
  await deploy({ c: { value: 'third', token: 'token of the third' } });
  await everywhere({ c: { value: 'third', token: 'token of the third' } });
  await update('second', { active: true });
  await everywhere({ b: { value: 'second', token: 'token of the second' } });
});

test("a change of a Project's key restarts nothing, and what comes after it decrypts", async () => {
  const running = await everywhere({ b: { value: 'second', token: 'token of the second' } });
  const before = await credentialsText();
  await update('second', { credentialSecret: 'changed secret', currentCredentialSecret: 'secret of the second' });
  assert.notEqual(await credentialsText(), before, 'credentials were mirrored alone');
  // The new secret is there for a worker that starts now, and for what is deployed next.
  await workers[1].restart();
  await everywhere({ b: { value: 'second', token: 'token of the second' } });
  await deploy({ b: { value: 'second' }, more: { value: 'x', token: 'after the change' } });
  const now = await everywhere({
    b: { value: 'second', token: 'token of the second' },
    more: { value: 'x', token: 'after the change' }
  });
  [1, 3].forEach((i) => assert.equal(now[i].b.starts, running[i].b.starts));
});

test('an admin that is restarted goes on with its Project', async () => {
  await admin.restart();
  await deploy({ b: { value: 'restarted' } });
  await everywhere({ b: { value: 'restarted', token: 'token of the second' } });
  for (const worker of workers) {
    assert.doesNotMatch(worker.logs, /\[error\]/);
    for (const secret of ['secret of the first', 'secret of the second', 'changed secret']) {
      assert.ok(!worker.logs.includes(secret) && !admin.logs.includes(secret));
    }
  }
});
