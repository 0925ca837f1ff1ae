'use strict';

const path = require('node:path');

/** @import { Settings } from '../types/node-red' */

const PACKAGE_ROOT = path.join(__dirname, '..', '..');
const UNDER_NODE_MODULES = /[\\/]node_modules[\\/]/;

/**
 * Node-RED looks for plugins in its own folders alone; a module that settings.js requires by a path is in none of them.
 * So this package's folder is added to those that are searched, which comes before the search. One that is found twice is
 * loaded once. Node-RED 3.0 loads none that is not below a `node_modules`.
 *
 * @param {Settings} settings
 */
function addNodesDir(settings) {
  const isOld = /^[0-2]\.|^3\.0\./.test(String(settings.version));
  if (isOld && !UNDER_NODE_MODULES.test(PACKAGE_ROOT)) {
    return;
  }
  // What is from settings.js has a getter alone.
  Object.defineProperty(settings, 'nodesDir', {
    value: [...new Set([.../** @type {string[]} */ ([]).concat(settings.nodesDir || []), PACKAGE_ROOT])],
    configurable: true,
    enumerable: true,
    writable: true
  });
}

module.exports = { addNodesDir };
