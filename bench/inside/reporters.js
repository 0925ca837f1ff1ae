'use strict';

// A process of its own, forked by rows/fleet.js: so many instances that do nothing but report, as the core of real ones does.

const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const { openCore } = require(path.join(ROOT, 'lib', 'binding', 'core.js'));
const { optionsAsText } = require(path.join(ROOT, 'lib', 'options'));
const { report } = require(path.join(ROOT, '__test__', 'fleet', 'support', 'reading.js'));

/** ms, as lib/fleet has it. */
const AGAIN = 2000;
const log = { error() {}, warn() {}, info() {}, debug() {} };
const NOTE = 'packages: installed but not loaded: node-red-contrib-something (Cannot find module)';

function open({ count, options, revision }) {
  for (let at = 0; at < count; at += 1) {
    const core = openCore('Member', { options: optionsAsText(options), userDir: undefined, log, onEvent() {} });
    const labels = [`site-${at % 20}`, 'large'];
    let turn = 0;
    const tell = () => {
      const rss = 1e8 + 1e6 * ((turn += 1) % 50);
      const told = { host: `worker-${at}`, place: `${at}`, labels, notes: [NOTE], rss, uptime: turn * 2, revision };
      core.report(JSON.stringify(report({ ...told, tick: undefined })));
    };
    // One after the other, as those that were started at different times.
    setTimeout(
      () => {
        tell();
        setInterval(tell, AGAIN);
      },
      (AGAIN * at) / count
    );
  }
}

process.once('message', open);
process.once('disconnect', () => process.exit());
