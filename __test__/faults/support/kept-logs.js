'use strict';

const fs = require('node:fs');
const path = require('node:path');

let written = 0;

/** Keeps a log for the search after the run (scripts/test-faults.js); nothing without it. */
function keepLog(name, text) {
  const dir = process.env.FAULT_LOGS;
  if (dir && text) {
    written += 1;
    fs.writeFileSync(path.join(dir, `${process.pid}-${written}-${name}.log`), text);
  }
}

module.exports = { keepLog };
