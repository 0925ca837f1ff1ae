'use strict';

// Prints what the linter finds in a workflow: node lint-workflow.js <linter> <file> < text. A process
// of its own, which ends when told to: the linter is WebAssembly, and Node.js 20 may wait for ever
// for V8 to have compiled all of it.

const fs = require('node:fs');

const [linter, file] = process.argv.slice(2);

require(linter)
  .runLint(fs.readFileSync(0, 'utf8'), file)
  .then((found) => {
    fs.writeSync(1, JSON.stringify(found));
    process.exit();
  });
