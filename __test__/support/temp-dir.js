'use strict';

// First, so that the processes are gone before the folders they write to are removed.
require('./own-processes.js');

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const made = new Set();

process.on('exit', () => {
  for (const dir of made) {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});

/** Makes a folder that is removed when this process ends. */
function tempDir(name = 'test') {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `nrsv-${name}-`)));
  made.add(dir);
  return dir;
}

/** Removes such a folder earlier. */
function removeTempDir(dir) {
  made.delete(dir);
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

module.exports = { tempDir, removeTempDir };
