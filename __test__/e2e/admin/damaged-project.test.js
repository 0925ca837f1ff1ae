'use strict';

// Damage to an admin with an active Project.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const {
  DEPLOY_KEYS,
  answerFlow,
  answerOf,
  startInstance,
  startServerWithUsers,
  stopAll,
  untilAnswer
} = require('../support/admin-and-workers.js');
const { DAMAGE } = require('../../support/damage.js');

const PROJECT = path.join('projects', 'shop');

let server;
let client;
let admin;
let worker;
let stored;

const inUserDir = (name) => path.join(admin.userDir, name);

before(async () => {
  server = await startServerWithUsers();
  client = server.client();
  admin = await startInstance('admin', server, {
    settings: { editorTheme: { projects: { enabled: true } } },
    flows: answerFlow('no project'),
    files: {
      '.config.projects.json': { activeProject: 'shop', projects: { shop: { credentialSecret: 'of the project' } } },
      [path.join(PROJECT, 'package.json')]: {
        name: 'shop',
        version: '0.0.1',
        'node-red': { settings: { flowFile: 'flows.json', credentialsFile: 'flows_cred.json' } }
      },
      [path.join(PROJECT, 'flows.json')]: answerFlow('project'),
      [path.join(PROJECT, 'flows_cred.json')]: {}
    },
    wait: false
  });
  execFileSync('git', ['init', '--quiet', inUserDir(PROJECT)]);
  await admin.waitUntilStarted();
  await admin.deploy(answerFlow('shop', { token: 'token' }));
  worker = await startInstance('worker', server);
  await untilAnswer(worker, 'shop:token');
  stored = await client.mget(DEPLOY_KEYS);
});

after(stopAll);

for (const name of ['flows.json', 'flows_cred.json']) {
  test(`${name} of the Project cut in half: restored into the Project`, async () => {
    await admin.stop();
    DAMAGE['cut in half'].inflict(inUserDir(path.join(PROJECT, name)));
    const ofDefault = fs.readFileSync(inUserDir('flows.json'), 'utf8');
    await admin.restart({ wait: 'started' });
    await untilAnswer(admin, 'shop:token');
    assert.match(
      admin.logs,
      new RegExp(`\\[error\\] \\[ValkeyStorage\\] ${name} is not whole JSON: .*restored from Valkey`)
    );
    assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
    assert.equal(fs.readFileSync(inUserDir('flows.json'), 'utf8'), ofDefault);
    assert.equal(await answerOf(worker), 'shop:token');
  });
}

test('.config.projects.json cut in half: restored from its backup', async () => {
  await admin.stop();
  const whole = fs.readFileSync(inUserDir('.config.projects.json'));
  fs.writeFileSync(inUserDir('.config.projects.json.backup'), whole);
  DAMAGE['cut in half'].inflict(inUserDir('.config.projects.json'));
  await admin.restart();
  await untilAnswer(admin, 'shop:token');
  assert.match(admin.logs, /\.config\.projects\.json is not whole JSON: restored from its backup/);
  assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
});

test('.config.projects.json and its backup lost: the default flows run here and are not mirrored', async () => {
  await admin.stop();
  DAMAGE['cut in half'].inflict(inUserDir('.config.projects.json'));
  fs.rmSync(inUserDir('.config.projects.json.backup'));
  for (const start of ['first', 'second']) {
    await admin.restart();
    await untilAnswer(admin, 'no project:none');
    assert.match(admin.logs, /\[error\] \[ValkeyStorage\] the active Project is not known any more/, start);
    assert.deepEqual(await client.mget(DEPLOY_KEYS), stored);
    assert.equal(await answerOf(worker), 'shop:token');
  }
});
