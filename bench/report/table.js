'use strict';

// The results as a Markdown table, which a terminal shows as well.

const { SUBJECTS } = require('../subjects.js');

function number(value) {
  if (value === undefined) {
    return '';
  }
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

const mark = (met) => (met === undefined ? '' : met ? 'yes' : '**no**');

function cells(name, { what, unit, medians, shown, target, met }) {
  const values = Object.keys(SUBJECTS).map((subject) => number(medians[subject]));
  return [name, `${what}, ${unit}`, ...values, shown, target, mark(met)];
}

/** One result's lines; of one that failed, why. */
function linesOf({ name, title, lines, failure }) {
  if (failure) {
    return [[name, `${title}: not measured (${failure})`, '', '', '', '', '', '**no**']];
  }
  return lines.map((line, index) => cells(index === 0 ? name : '', line));
}

/** @param {object[]} results of the rows @returns {string} */
function table(results) {
  const head = ['row', 'what, unit', ...Object.values(SUBJECTS), 'figure', 'must be', 'met'];
  const rows = [head, ...results.flatMap(linesOf)].map((row) =>
    row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '))
  );
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const draw = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [draw(rows[0]), rule, ...rows.slice(1).map(draw)].join('\n');
}

module.exports = { table };
