'use strict';

const { openCore } = require('../../../lib/binding/core.js');

const noLog = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * The core of an admin, open, without Node-RED around it.
 *
 * @param {{ host?: string, port: number, userDir: string, log?: object }} given
 */
async function openAdminCore({ host = '127.0.0.1', port, userDir, log = noLog }) {
  const core = openCore('Admin', {
    options: { text: JSON.stringify({ role: 'admin', host, port }), functions: {} },
    userDir,
    log,
    onEvent() {}
  });
  await core.open();
  return core;
}

module.exports = { openAdminCore };
