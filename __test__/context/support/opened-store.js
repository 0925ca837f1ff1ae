'use strict';

const { createCache } = require('../../../lib/context/cache.js');
const { createExpressions } = require('../../../lib/context/expressions.js');
const { createOperations } = require('../../../lib/context/operations.js');
const { createStore } = require('../../../lib/context/store.js');
const { CoreInMemory } = require('./core-in-memory.js');
const { util } = require('./node-red-parts.js');

/** Our store on a core, one in memory if none is given; `lines` is its log. */
function openStore(core = new CoreInMemory()) {
  const lines = [];
  const log = { warn: (line) => lines.push(line), error: (line) => lines.push(line) };
  const cache = createCache({ core, log });
  const operations = createOperations({ core, cache, util });
  const store = createStore({ core, cache, operations, util, expressions: createExpressions(util) });
  return { ...store, cache, core, lines };
}

module.exports = { openStore };
