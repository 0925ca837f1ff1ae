'use strict';

// An admin whose settings.js names another 'flowFile' than before: it starts empty, as Node-RED
// does, and what it deploys then is its deploy.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const {
  PREFIX,
  answerFlow,
  answerOf,
  contentOf,
  startServerWithUsers,
  startInstance,
  untilAnswer
} = require('../support/admin-and-workers.js');

let server;
let client;
let admin;
let worker;

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  admin = await startInstance('admin', server, { flows: answerFlow('start') });
  worker = await startInstance('worker', server);
  await untilAnswer(worker, 'start:none');
});

after(async () => {
  await admin?.stop();
  await worker?.stop();
  await server?.stop();
});

test('workers keep what they run until something is deployed, and nothing is kept as a foreign deploy', async () => {
  const stored = await contentOf(client);
  await admin.restart({ settings: { ...admin.options.settings, flowFile: 'other.json' } });
  await admin.waitForLog(/\[warn\] \[ValkeyStorage\] other\.json is missing, and flows\.json, .* still there/);
  assert.deepEqual((await admin.getFlows()).flows, []);
  assert.equal(await answerOf(admin), 'status 404');
  assert.equal(await answerOf(worker), 'start:none');
  assert.deepEqual(await contentOf(client), stored);

  await admin.deploy(answerFlow('new', { token: 'secret' }));
  await untilAnswer(worker, 'new:secret');
  assert.deepEqual(await client.keys(`${PREFIX}backup:*`), []);
});
