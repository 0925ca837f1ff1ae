'use strict';

// Node-RED as it is installed, for tests of what is relied on in it: the one in node_modules, and those that the matrix has
// fetched.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const PACKAGE = `${path.sep}@node-red${path.sep}`;

/** The package.json of each. */
function installations() {
  const matrix = path.join(__dirname, '..', '..', '.cache', 'matrix');
  const fetched = fs.existsSync(matrix) ? fs.readdirSync(matrix).filter((name) => name.startsWith('node-red-')) : [];
  const all = [
    require.resolve('node-red/package.json'),
    ...fetched.map((name) => path.join(matrix, name, 'node_modules', 'node-red', 'package.json'))
  ];
  return all.filter((file) => fs.existsSync(file));
}

/** Has all of Node-RED loaded anew by whoever requires it next. */
function forgetLoaded() {
  for (const file of Object.keys(require.cache)) {
    if (file.includes(PACKAGE)) {
      delete require.cache[file];
    }
  }
}

/** Its functions for flows, loaded anew. */
function loadFlows(installation) {
  forgetLoaded();
  const ofNodeRed = createRequire(installation);
  const lib = path.dirname(ofNodeRed.resolve('@node-red/runtime'));
  const [flows, util, flow] = ['index.js', 'util.js', 'Flow.js'].map((name) => require(path.join(lib, 'flows', name)));
  return { flows, util, flow, runtime: { nodes: { getFlows: flows.getFlows } } };
}

module.exports = { forgetLoaded, installations, loadFlows };
