'use strict';

// Calls into the core count in the order in which they are made, whatever its threads do with them.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { startServer } = require('../support/server.js');
const { tempDir } = require('../support/temp-dir.js');
const { openAdminCore } = require('./support/admin-core.js');

const ROUNDS = 300;

test('a deploy never overtakes one that is handed over after it', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const client = server.client();
  t.after(() => client.disconnect());
  const core = await openAdminCore({
    host: server.host,
    port: server.port,
    userDir: tempDir('order'),
    log: { error: assert.fail, warn() {}, info() {}, debug() {} }
  });
  t.after(() => core.close());
  await core.mirrorSettings('{}');
  const flows = (label) => JSON.stringify([{ id: 'a', type: 'tab', label }]);
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all([
      core.background.mirrorDeploy(flows(`${round} early`), '{}'),
      core.mirrorDeploy(flows(`${round} late`), '{}')
    ]);
    assert.equal(await client.get('nodered:flows'), flows(`${round} late`));
  }
});
