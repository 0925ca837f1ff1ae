'use strict';

// What it costs to have the module at all: `require()` in a process that has loaded Node-RED, and the size
// of the binary.

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { loadedAddon } = require('../addon.js');
const { atMost, line } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');

const run = promisify(execFile);
const ROOT = path.join(__dirname, '..', '..');
const MODULES = { valkey: path.join(ROOT, 'index.js'), plain: path.join(ROOT, 'bench', 'plain-module.js') };

async function measureRequire(name) {
  const program = `
    require('node-red');
    const began = performance.now();
    require(${JSON.stringify(MODULES[name])});
    console.log(performance.now() - began);
    process.exit();`;
  const { stdout } = await run(process.execPath, ['-e', program], { cwd: ROOT });
  return { took: Number(stdout) };
}

module.exports = {
  name: 'footprint',
  title: 'require() and the binary',

  async run({ times }) {
    const { took } = await alternate(Object.keys(MODULES), times(12, 1), measureRequire, (name) => name);
    const { size } = loadedAddon();
    return [
      line('require() with Node-RED loaded', 'ms', took, atMost(20, 'ms')),
      line('size of the binary', 'MB', { valkey: [size / 1_000_000] }, atMost(3.5, 'MB'))
    ];
  }
};
