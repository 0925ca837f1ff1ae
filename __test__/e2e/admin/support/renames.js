'use strict';

// Steps in where Node-RED's local storage renames a finished draft to the file it is for.

const path = require('node:path');
const { NODE_RED } = require('../../../support/node-red.js');

const FS_OF_LOCAL_STORAGE = require.resolve('fs-extra', {
  paths: [path.dirname(require.resolve('@node-red/runtime/package.json', { paths: [NODE_RED] }))]
});

/**
 * Source text for the head of a settings.js. `step` runs in Node-RED,
 * sees every rename and has to do it; `done(error)` ends it.
 *
 * @param {(from: string, to: string, done: Function, rename: Function, userDir: string) => void} step
 */
function renamesHead(step) {
  return `
const disk = require(${JSON.stringify(FS_OF_LOCAL_STORAGE)});
const { rename } = disk;
disk.rename = (from, to, done) => (${step})(from, to, done, rename, __dirname);
`;
}

module.exports = { renamesHead };
