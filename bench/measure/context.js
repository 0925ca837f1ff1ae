'use strict';

// Context stores without Node-RED around them, in this process.

const { createRequire } = require('node:module');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const ofNodeRed = createRequire(require.resolve('node-red'));
const of = (...names) => require(path.join(ROOT, 'lib', ...names));

/** What a store of ours is to Node-RED, on a core of its own. */
async function openContext({ host, port }, options) {
  const { util } = ofNodeRed('@node-red/util');
  const log = { error: (line) => process.stderr.write(`${line}\n`), warn() {}, info() {}, debug() {} };
  const core = of('binding', 'core.js').openContextCore({
    options: of('options').optionsAsText({ role: 'worker', host, port, ...options }),
    userDir: undefined,
    name: 'bench',
    log,
    changed(scopes, keys) {
      scopes.forEach((scope, i) => cache.drop(scope, keys[i]));
    }
  });
  const cache = of('context', 'cache.js').createCache({ core, log });
  const store = of('context', 'store.js').createStore({
    core,
    cache,
    util,
    operations: of('context', 'operations.js').createOperations({ core, cache, util }),
    expressions: of('context', 'expressions.js').createExpressions(util)
  });
  await core.open();
  return { ...store, core };
}

module.exports = { openContext };
