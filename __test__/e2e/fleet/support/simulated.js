'use strict';

// Workers that do nothing but report: the core of real ones, many in one process.

const { openCore } = require('../../../../lib/binding/core');
const { optionsAsText } = require('../../../../lib/options');
const { report } = require('../../../fleet/support/reading.js');

const QUIET = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * Starts so many; each reports the stored revision as the one that it runs.
 *
 * @param {number} count
 * @param {object} params
 * @param {{ host: string, port: number }} params.server
 * @param {{ username: string, password: string }} params.state
 * @param {() => Promise<string>} params.stored the revision
 */
function startSimulated(count, { server, state, stored }) {
  const options = { role: 'worker', host: server.host, port: server.port, username: 'nobody', state };
  const cores = Array.from({ length: count }, () =>
    openCore('Member', { options: optionsAsText(options), userDir: undefined, log: QUIET, onEvent() {} })
  );
  const tell = async () => {
    const revision = await stored();
    cores.forEach((core, at) => {
      core.report(JSON.stringify(report({ host: `simulated-${at}`, place: `${at}`, revision, tick: undefined })));
    });
  };
  const timer = setInterval(() => void tell().catch(() => {}), 500);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(cores.map((core) => core.close()));
    }
  };
}

module.exports = { startSimulated };
