'use strict';

const { raw, startNodeRed } = require('../../../support/node-red.js');
const { startServer } = require('../../../support/server.js');
const { MODULE } = require('./instances.js');

/**
 * A Node-RED on its own memory store and one on ours, with stores of the same names: `second` is one of ours with another
 * prefix, `beside` a memory store beside ours.
 *
 * @param {object[]} flows
 * @param {string} seeds source of what is global to begin with
 */
async function startBoth(flows, seeds) {
  const server = await startServer();
  const start = (contextStorage, options) =>
    startNodeRed({ flows, settings: { functionGlobalContext: raw(seeds), contextStorage }, ...options });
  const plain = { module: 'memory' };
  const second = { module: MODULE, config: { keyPrefix: 'second:' } };
  const [memory, ours] = await Promise.all([
    start({ default: plain, second: plain, beside: plain }),
    start({ default: { module: MODULE }, second, beside: plain }, { role: 'admin', server })
  ]);
  return {
    server,
    memory,
    ours,
    async stop() {
      await memory.stop();
      await ours.stop();
      await server.stop();
    }
  };
}

module.exports = { startBoth };
