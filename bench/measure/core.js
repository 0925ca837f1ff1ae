'use strict';

const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const log = { error: (line) => process.stderr.write(`${line}\n`), warn() {}, info() {}, debug() {} };

/**
 * A core without Node-RED around it, in this process.
 *
 * @param {'Admin'|'Worker'} name
 * @param {object} options `settings.valkey`
 */
function openCoreOf(name, options) {
  const { openCore } = require(path.join(ROOT, 'lib', 'binding', 'core.js'));
  const { optionsAsText } = require(path.join(ROOT, 'lib', 'options'));
  const role = name.toLowerCase();
  return openCore(name, { options: optionsAsText({ role, ...options }), userDir: undefined, log, onEvent() {} });
}

module.exports = { openCoreOf };
