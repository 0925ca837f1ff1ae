'use strict';

// The context when another Project is opened: what belongs to flows is kept for a day, what is global goes if that is asked for.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { GIT } = require('../../support/git.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');
const { runFlow } = require('./support/context-flow.js');
const { startSharing, untilReturns } = require('./support/instances.js');

let server;
let client;
let admin;
let worker;

before(async () => {
  server = await startServer();
  client = server.client();
  const options = { user: undefined, valkey: { state: null } };
  admin = await startSharing('admin', server, {
    env: GIT,
    flows: runFlow(),
    settings: { editorTheme: { projects: { enabled: true } } },
    ...options
  });
  worker = await startSharing('worker', server, options);
});

after(async () => {
  await worker?.stop();
  await admin?.stop();
  await server?.stop();
});

const create = (name) =>
  admin.admin('/projects', { method: 'POST', body: { name, summary: name, files: { flow: 'flow.json' } } });
/** As the editor does; `clearContext` is the box that is ticked there to begin with. */
const open = (name, clearContext) =>
  admin.admin(`/projects/${name}`, { method: 'PUT', body: { active: true, clearContext } });
const orphans = async () => Object.keys(JSON.parse((await client.get('nodered:context::orphans')) || '{}'));
const untilNoted = () => until(async () => (await orphans()).includes('run-tab'), { message: 'the note of run-tab' });
const untilNothingNoted = () => until(async () => (await orphans()).length === 0, { message: 'no note' });
const READ = 'return [global.get("g") ?? "none", flow.get("f") ?? "none"];';

test('the context of flows outlives a switch of Projects and back; what is global goes when that is asked for', async () => {
  await create('first');
  await admin.deploy(runFlow());
  await untilReturns(admin, 'global.set("g", 1); flow.set("f", 2); return 1;', 1);
  await untilReturns(worker, READ, [1, 2]);

  await create('second');
  await admin.deploy([{ id: 'second-tab', type: 'tab', label: 'Second' }]);
  await untilNoted();
  await open('first', false);
  await untilNothingNoted();
  for (const instance of [admin, worker]) {
    await untilReturns(instance, READ, [1, 2]);
  }

  await open('second', true);
  await until(async () => (await client.get('nodered:context:global:g')) === null, { message: 'nothing global' });
  await untilNoted();
  assert.equal(await client.get('nodered:context:run-tab:f'), '2');
  await open('first', false);
  await untilNothingNoted();
  for (const instance of [admin, worker]) {
    await untilReturns(instance, READ, ['none', 2]);
  }
});
