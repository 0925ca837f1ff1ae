'use strict';

const path = require('node:path');

/**
 * The command `node-red` logs the stack of what it could not start with, and leaves the process to
 * end by itself, with 0 (`red.js`): a supervisor would take that for an end that was wanted.
 * Programs that embed Node-RED judge by themselves.
 */
function setFailureExitCode() {
  if (require.main && path.basename(require.main.filename) === 'red.js') {
    process.exitCode ??= 1;
  }
}

module.exports = { setFailureExitCode };
