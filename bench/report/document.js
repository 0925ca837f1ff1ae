'use strict';

// The table in docs/performance.md, between two marks; what stands around it is written by hand.

const fs = require('node:fs');
const path = require('node:path');
const { table } = require('./table.js');

const FILE = path.join(__dirname, '..', '..', 'docs', 'performance.md');
const BEGIN = '<!-- bench: this part is written by `npm run bench` -->';
const END = '<!-- end of bench -->';

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

/** Replaces what stands between the marks. */
function writeDocument(report) {
  const text = fs.readFileSync(FILE, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) {
    throw new Error(`${FILE} has lost the marks between which the table stands`);
  }
  fs.writeFileSync(FILE, `${text.slice(0, begin)}${BEGIN}\n${block(report)}\n${text.slice(end)}`);
}

module.exports = { block, writeDocument };
