'use strict';

// A process of its own, forked by measure/many-cores.js: as many workers of the core as are asked for,
// without the Node-RED around them. It tells how many are connected whenever that changes.

const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const { openCore } = require(path.join(ROOT, 'lib', 'binding', 'core.js'));
const { optionsAsText } = require(path.join(ROOT, 'lib', 'options'));

const LOOK = 10;
const log = { error() {}, warn() {}, info() {}, debug() {} };

function open({ workers, options }) {
  const cores = Array.from({ length: workers }, () =>
    openCore('Worker', { options: optionsAsText(options), userDir: undefined, log, onEvent() {} })
  );
  // A worker connects when it is asked for the first time.
  cores.forEach((core) => core.readSettings().catch(() => {}));
  let told;
  setInterval(() => {
    const ready = cores.filter((core) => core.health().connection === 'ready').length;
    if (ready !== told) {
      told = ready;
      process.send({ ready });
    }
  }, LOOK);
}

process.once('message', open);
process.once('disconnect', () => process.exit());
