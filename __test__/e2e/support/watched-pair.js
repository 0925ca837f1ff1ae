'use strict';

// An admin and a worker that find their server through Sentinels, each with a user of its own.

const { PREFIX } = require('./admin-and-workers.js');
const { adminLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startWatched } = require('../../support/sentinel.js');

const PASSWORDS = { admin: 'a-secret', worker: 'w-secret' };

/**
 * @param {object} options
 * @param {object[]} options.flows what the admin begins with
 * @param {string[]} [options.users] `user …` lines besides those of the two
 * @param {object} [options.valkey] further options of both
 */
async function startWatchedPair({ flows, users = [], valkey }) {
  const own = [adminLine(PREFIX, PASSWORDS.admin), workerLine(PREFIX, PASSWORDS.worker)];
  const watched = await startWatched({ users: [...own, ...users] });
  const started = [];
  /** Another instance of that role; `more` are options of it. */
  const start = async (role, more = {}) => {
    const connection = watched.connection({ username: role, password: PASSWORDS[role] });
    const instance = await startNodeRed({ role, connection, valkey, ...more });
    started.push(instance);
    return instance;
  };
  const stop = async () => {
    await Promise.all(started.map((instance) => instance.stop()));
    await watched.stop();
  };
  try {
    const admin = await start('admin', { flows });
    return { watched, admin, worker: await start('worker'), start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

module.exports = { startWatchedPair };
