'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The user directory of settings that name none, by the rule that Node-RED's local storage applies in `init`. */
function defaultUserDir() {
  const { NODE_RED_HOME, HOME, USERPROFILE, HOMEPATH } = process.env;
  /** @param {string} directory */
  const isUsed = (directory) =>
    ['.config.json', '.config.nodes.json'].some((name) => fs.existsSync(path.join(directory, name)));
  if (NODE_RED_HOME && isUsed(NODE_RED_HOME)) {
    return NODE_RED_HOME;
  }
  if (HOMEPATH && isUsed(path.join(HOMEPATH, '.node-red'))) {
    return path.join(HOMEPATH, '.node-red');
  }
  return path.join(HOME || USERPROFILE || HOMEPATH || NODE_RED_HOME || '.', '.node-red');
}

module.exports = { defaultUserDir };
