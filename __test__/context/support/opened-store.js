'use strict';

const { createLocal } = require('../../../lib/context/local.js');
const { CoreInMemory } = require('./core-in-memory.js');
const { util } = require('./node-red-parts.js');

/** Our store on a core, one in memory if none is given; `lines` is its log. */
function openStore(core = new CoreInMemory()) {
  const lines = [];
  const log = { warn: (line) => lines.push(line), error: (line) => lines.push(line) };
  return { ...createLocal({ core, util, log }), core, lines };
}

module.exports = { openStore };
