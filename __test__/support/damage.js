'use strict';

// Ways in which a file is lost.

const fs = require('node:fs');

function unreadable(file) {
  // A superuser reads whatever the mode is; a folder in its place nobody reads as a file.
  if (process.getuid?.() === 0 || process.platform === 'win32') {
    fs.rmSync(file);
    fs.mkdirSync(file);
  } else {
    fs.chmodSync(file, 0);
  }
}

/** Each makes a file unusable in its way; and what a log says of it. */
const DAMAGE = {
  empty: { inflict: (file) => fs.writeFileSync(file, ''), detail: 'is empty' },
  'cut in half': {
    inflict(file) {
      const whole = fs.readFileSync(file);
      fs.writeFileSync(file, whole.subarray(0, whole.length / 2));
    },
    detail: 'is not whole JSON'
  },
  unreadable: { inflict: unreadable, detail: "can't be read" },
  missing: { inflict: (file) => fs.rmSync(file), detail: 'is missing' }
};

module.exports = { DAMAGE };
