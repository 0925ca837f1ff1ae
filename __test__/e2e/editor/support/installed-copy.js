'use strict';

// This package as npm puts it into a user directory: what Node-RED finds without being told.

const fs = require('node:fs');
const path = require('node:path');

const { tempDir } = require('../../../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..', '..', '..');
const {
  name: NAME,
  version: VERSION,
  files: FILES
} = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const NODE_RED = require(`${process.env.TEST_NODE_RED || 'node-red'}/package.json`).version;
/** Node-RED 3.0 loads no plugin from outside of a `node_modules`. */
const FINDS_BY_PATH = !NODE_RED.startsWith('3.0.');

/** Copies what is shipped, less the binary, and lists it as a package that the user has asked for. */
function installCopy(userDir) {
  const folder = path.join(userDir, 'node_modules', NAME);
  for (const file of ['package.json', ...FILES]) {
    if (fs.existsSync(path.join(ROOT, file))) {
      fs.cpSync(path.join(ROOT, file), path.join(folder, file), { recursive: true });
    }
  }
  fs.writeFileSync(
    path.join(userDir, 'package.json'),
    JSON.stringify({ name: 'node-red-project', private: true, dependencies: { [NAME]: VERSION } })
  );
  return folder;
}

/** Options (as startNodeRed takes them) of an instance that finds the plugin with every Node-RED. */
function withPlugin({ userDir = tempDir('admin'), ...options } = {}) {
  if (!FINDS_BY_PATH) {
    installCopy(userDir);
  }
  return { userDir, ...options };
}

module.exports = { FINDS_BY_PATH, NAME, NODE_RED, VERSION, installCopy, withPlugin };
