'use strict';

const { adminLine, workerLine } = require('../../support/acl.js');
const { startServer } = require('../../support/server.js');
const { SECRETS } = require('./secrets.js');

const PREFIX = 'nodered:';

/** A server whose admin and worker (one with an `editor`?) have the least rights; tests look at it as `default`. */
function startGuardedServer({ prefix = PREFIX, editor = false, ...options } = {}) {
  return startServer({
    ...options,
    users: [
      adminLine(prefix, SECRETS.admin),
      workerLine(prefix, SECRETS.worker, { editor }),
      'user default on nopass ~* &* +@all'
    ]
  });
}

/** What an instance needs to log in as the user of its role. */
const loginOf = (role) => ({ username: role, password: SECRETS[role] });

module.exports = { PREFIX, loginOf, startGuardedServer };
