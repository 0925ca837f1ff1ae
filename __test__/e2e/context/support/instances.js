'use strict';

const { raw } = require('../../../support/node-red.js');
const { until } = require('../../../support/wait.js');
const { startInstance } = require('../../support/admin-and-workers.js');
const { CONTEXT, run } = require('./context-flow.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const MODULE = raw(`require(${JSON.stringify(CONTEXT)})`);

/**
 * Starts an admin or a worker whose default context is shared, with `shared` among its globals.
 *
 * @param {'admin'|'worker'} role
 * @param {object} server
 * @param {object} [options] as startInstance takes them
 */
function startSharing(role, server, { valkey, settings, ...options } = {}) {
  return startInstance(role, server, {
    valkey: { state: STATE, ...valkey },
    settings: {
      functionGlobalContext: raw(`{ shared: require(${JSON.stringify(CONTEXT)}).shared }`),
      contextStorage: { default: { module: MODULE } },
      ...settings
    },
    ...options
  });
}

/** Waits until source in the Function node of an instance returns what is wanted. */
async function untilReturns(instance, source, wanted, deadline = 30_000) {
  let last;
  await until(
    async () => {
      last = JSON.stringify(await run(instance, source));
      return last === JSON.stringify(wanted);
    },
    { deadline, message: () => `${source}: ${JSON.stringify(wanted)} (last: ${last})\n${instance.tail()}` }
  );
}

module.exports = { MODULE, STATE, startSharing, untilReturns };
