'use strict';

// Context stores without Node-RED around them, in this process.

const { createRequire } = require('node:module');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const ofNodeRed = createRequire(require.resolve('node-red'));
const of = (...names) => require(path.join(ROOT, 'lib', ...names));

/** What a store of ours is to Node-RED, on a core of its own; `warned` is called with what is worth a warning. */
async function openContext({ host, port }, options, warned = () => {}) {
  const { util } = ofNodeRed('@node-red/util');
  const log = { error: (line) => process.stderr.write(`${line}\n`), warn: warned, info() {}, debug() {} };
  const core = of('binding', 'core.js').openContextCore({
    options: of('options').optionsAsText({ role: 'worker', host, port, ...options }),
    userDir: undefined,
    name: 'bench',
    log,
    changed: (scopes, keys) => local.changed(scopes, keys)
  });
  const local = of('context', 'local.js').createLocal({ core, util, log });
  await core.open();
  return { ...local, core };
}

module.exports = { openContext };
