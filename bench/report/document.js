'use strict';

// What scripts write in docs/performance.md; what stands around it is written by hand.

const fs = require('node:fs');
const path = require('node:path');
const { table } = require('./table.js');

const FILE = path.join(__dirname, '..', '..', 'docs', 'performance.md');
/** The parts of the document that are written by scripts, each between two marks. */
const TABLE = {
  begin: '<!-- bench: this part is written by `npm run bench` -->',
  end: '<!-- end of bench -->'
};
const CONTENTS = {
  begin: '<!-- contents: this part is written by `node bench/binary-contents.js` -->',
  end: '<!-- end of contents -->'
};

function block({ about, results }) {
  const missed = results.flatMap(({ lines = [], failure }) =>
    failure ? [{}] : lines.filter(({ met }) => met === false)
  );
  return [
    `Measured on ${about.date}: ${about.machine}; Node.js ${about.node}, Node-RED ${about.nodeRed}, ` +
      `${about.server}, ioredis ${about.ioredis}, this module ${about.module}.`,
    '',
    table(results),
    '',
    missed.length === 0
      ? 'Every target is met.'
      : `${missed.length} ${missed.length === 1 ? 'target is' : 'targets are'} not met: the lines with **no** at their end.`
  ].join('\n');
}

/** Replaces what stands between two marks. */
function replacePart({ begin, end }, part) {
  const text = fs.readFileSync(FILE, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) {
    throw new Error(`${FILE} has lost the marks '${begin}' and '${end}'`);
  }
  fs.writeFileSync(FILE, `${text.slice(0, from)}${begin}\n${part}\n${text.slice(to)}`);
}

const writeDocument = (report) => replacePart(TABLE, block(report));
const writeContents = (text) => replacePart(CONTENTS, text);

module.exports = { block, writeContents, writeDocument };
