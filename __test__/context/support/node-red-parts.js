'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');

const NODE_RED = process.env.TEST_NODE_RED || path.join(__dirname, '..', '..', '..', 'node_modules', 'node-red');
const ofNodeRed = createRequire(path.join(NODE_RED, 'lib', 'red.js'));

/** `@node-red/util` of the Node-RED that is tried. */
const { util } = ofNodeRed('@node-red/util');

/** A new one of its memory stores. */
const memoryStore = () => ofNodeRed('@node-red/runtime/lib/nodes/context/memory')({});

module.exports = { memoryStore, util };
