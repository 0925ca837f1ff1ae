'use strict';

// Ends this process as a power cut does, just before a given operation that changes the disk.

const fs = require('node:fs');

const CHANGING = ['open', 'write', 'writeFile', 'rename', 'unlink', 'rm', 'copyFile', 'mkdir', 'fsync', 'ftruncate'];
const OF_HANDLE = ['writeFile', 'write', 'sync', 'datasync', 'truncate'];

let left = Infinity;
let counted = 0;

function step(name, args) {
  // Opening for reading changes nothing.
  if (name === 'open' && (args[1] === undefined || args[1] === 'r')) {
    return;
  }
  counted += 1;
  left -= 1;
  if (left <= 0) {
    process.kill(process.pid, 'SIGKILL');
  }
}

function watch(owner, names) {
  for (const name of names) {
    const original = owner[name];
    owner[name] = function stepped(...args) {
      step(name, args);
      return original.apply(this, args);
    };
  }
}

/** To be called before anything else takes functions out of `fs`. */
function install() {
  watch(fs, CHANGING);
  watch(
    fs.promises,
    CHANGING.filter((name) => fs.promises[name])
  );
  const { open } = fs.promises;
  fs.promises.open = async function opened(...args) {
    const handle = await open.apply(this, args);
    fs.promises.open = open;
    watch(Object.getPrototypeOf(handle), OF_HANDLE);
    return handle;
  };
}

/** From here on, the operation with this number (from 1) is the one that is not done. */
function arm(number) {
  left = number;
  counted = 0;
}

module.exports = { arm, counted: () => counted, install };
