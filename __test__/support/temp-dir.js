'use strict';

// First, so that the processes are gone before the folders they write to are removed.
require('./own-processes.js');

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const made = new Set();

/** Named for the process that made it, as in tests/common/mod.rs. */
const MADE_BY = /^nrsv-(\d+)-/;

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Removes what processes have left behind that were killed. */
function tidy() {
  for (const name of fs.readdirSync(os.tmpdir())) {
    const by = MADE_BY.exec(name);
    if (by && isGone(Number(by[1]))) {
      try {
        fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
      } catch {
        // Somebody else's, or just being removed by another test.
      }
    }
  }
}

tidy();

process.on('exit', () => {
  for (const dir of made) {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});

/** Makes a folder that is removed when this process ends. */
function tempDir(name = 'test') {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `nrsv-${process.pid}-${name}-`)));
  made.add(dir);
  return dir;
}

/** Removes such a folder earlier. */
function removeTempDir(dir) {
  made.delete(dir);
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}

module.exports = { tempDir, removeTempDir };
