'use strict';

// The least rights of admin and worker are enough for packages, too; a worker's are to read and to
// subscribe.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { findServer } = require('../../../scripts/valkey-server.js');
const { adminLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { npmEnvironment } = require('../../support/npm/runs.js');
const { CHANNEL, KEY, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering } = require('../../support/npm/kinds.js');
const { startPackageServer } = require('../../support/npm/registry.js');
const { installModule, removeModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { startServer } = require('../../support/server.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');
const { PREFIX, USERS } = require('../support/admin-and-workers.js');

for (const flavour of ['valkey-9', 'redis-6']) {
  test(`packages come and go with the least rights on ${flavour}`, async (t) => {
    const found = await findServer({ flavour }).catch((error) => t.skip(error.message));
    if (!found) {
      return;
    }
    const { version } = found;
    const running = [];
    const keep = async (starting) => {
      running.push(await starting);
      return running.at(-1);
    };
    const registry = await startPackageServer();
    registry.publish(answering('coming', '1.0.0'));
    registry.publish(answering('going', '1.0.0'));
    try {
      const server = await keep(
        startServer({
          flavour,
          users: [
            adminLine(PREFIX, USERS.admin.password, { version }),
            workerLine(PREFIX, USERS.worker.password, { version }),
            'user default on nopass ~* &* +@all'
          ]
        })
      );
      const instance = (role, options) => {
        const userDir = tempDir(role);
        registry.npmrc(userDir);
        return keep(
          startNodeRed({
            role,
            server,
            user: USERS[role],
            valkey: { report: false },
            userDir,
            env: npmEnvironment(),
            ...options
          })
        );
      };
      const admin = await instance('admin', { flows: [] });
      await installModule(admin, 'going');
      const worker = await instance('worker');
      await untilOnDisk(worker, { going: '1.0.0' });
      await installModule(admin, 'coming');
      await removeModule(admin, 'going');
      await admin.deploy(typeFlow(['coming']));
      await untilType(worker, 'coming', '1.0.0');
      await untilOnDisk(worker, { coming: '1.0.0', going: undefined });
      await worker.restart();
      await untilType(worker, 'coming', '1.0.0');

      // An admin whose server came back empty stores its list again.
      await server.restart({ empty: true });
      const client = server.client();
      await until(async () => (await client.get(KEY)) === '{"coming":"1.0.0"}', {
        deadline: 60_000,
        message: 'the list'
      });
      assert.deepEqual(await client.call('ACL', 'LOG'), [], 'nothing was refused');
      const asWorker = server.client({ username: USERS.worker.username, password: USERS.worker.password });
      assert.equal(await asWorker.getrange(KEY, 0, -1), '{"coming":"1.0.0"}');
      await assert.rejects(asWorker.set(KEY, '{}'), /NOPERM/);
      await assert.rejects(asWorker.getrange(`${PREFIX}sessions`, 0, -1), /NOPERM/);
      await assert.rejects(asWorker.publish(CHANNEL, '{}'), /NOPERM/);
    } finally {
      for (const one of running.reverse()) {
        await one.stop();
      }
      await registry.close();
    }
  });
}
