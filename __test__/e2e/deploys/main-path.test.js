'use strict';

// What an admin deploys reaches a worker: on each server that TEST_SERVERS names (flavours of
// scripts/valkey-server.js), otherwise on a Valkey and a Redis. See `npm run test:servers`.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { findServer } = require('../../../scripts/valkey-server.js');
const { adminLine, stateLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { answers, valueFlow } = require('../../support/request-flow.js');

const PREFIX = 'nodered:';
const wanted = (process.env.TEST_SERVERS || '').split(/[\s,]+/).filter(Boolean);
const FLAVOURS = wanted.length > 0 ? wanted : ['valkey-9', 'redis-6'];

for (const flavour of FLAVOURS) {
  test(`a deploy reaches a worker through ${flavour}`, async (t) => {
    let found;
    try {
      found = await findServer({ flavour });
    } catch (error) {
      // One that was asked for by name must be there.
      if (wanted.length > 0) {
        throw error;
      }
      t.skip(error.message);
      return;
    }
    const { version } = found;
    t.diagnostic(`${flavour} is ${version}`);
    const running = [];
    const keep = async (starting) => {
      running.push(await starting);
      return running.at(-1);
    };
    try {
      const server = await keep(
        startServer({
          flavour,
          users: [
            adminLine(PREFIX, 'a-secret', { version }),
            workerLine(PREFIX, 'w-secret', { version }),
            stateLine(PREFIX, 's-secret', { version }),
            'user default on nopass ~* &* +@all'
          ]
        })
      );
      const valkey = { state: { username: 'state', password: 's-secret' } };
      const instance = (role, password, options) =>
        keep(startNodeRed({ role, server, user: { username: role, password }, valkey, ...options }));
      const admin = await instance('admin', 'a-secret', { flows: valueFlow('at start') });
      const worker = await instance('worker', 'w-secret', { wait: 'listening' });
      await answers(worker, 'at start');
      await admin.deploy(valueFlow('deployed'));
      t.diagnostic(`deployed in ${Math.round(await answers(worker, 'deployed'))} ms`);

      await server.restart({ empty: true });
      await admin.deploy(valueFlow('after a restart'));
      await answers(worker, 'after a restart');
      assert.deepEqual(await server.client().call('ACL', 'LOG'), [], 'the least rights are enough');
      for (const { logs } of [admin, worker]) {
        assert.doesNotMatch(logs, /\[error\]/);
      }
    } finally {
      for (const one of running.reverse()) {
        await one.stop();
      }
    }
  });
}
