'use strict';

const { printable } = require('./printable');

/** The widest column of a table that has to fit, but for the last, which has what is left. */
const WIDEST = 28;

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2 };

/**
 * @param {string} text
 * @param {keyof typeof COLOURS | null | undefined} colour
 */
function coloured(text, colour) {
  return colour ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;
}

/** @param {string} text */
const lengthOf = (text) => [...text].length;

/**
 * @param {string} text
 * @param {number} most
 */
function cut(text, most) {
  if (most <= 0) {
    return '';
  }
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/**
 * Lines of a table; what is in its cells may come from others.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 * @param {object} [look]
 * @param {number} [look.columns] of the terminal: lines are cut to it
 * @param {(row: number, column: number) => keyof typeof COLOURS | null} [look.colourOf] on a terminal with colours
 * @returns {string[]}
 */
function table(head, rows, { columns = Infinity, colourOf } = {}) {
  const cells = [head, ...rows].map((row) => row.map(printable));
  const widest = columns === Infinity ? Infinity : WIDEST;
  const widths = head.map((_, column) => Math.min(widest, Math.max(...cells.map((row) => lengthOf(row[column])))));
  return cells.map((row, at) => {
    let left = columns;
    const shown = row.map((cell, column) => {
      const isLast = column === row.length - 1;
      const text = cut(cell, Math.min(left, isLast ? Infinity : widths[column]));
      const space = isLast
        ? ''
        : ' '.repeat(Math.max(0, Math.min(left - lengthOf(text), widths[column] + 2 - lengthOf(text))));
      left = Math.max(0, left - lengthOf(text) - space.length);
      return coloured(text, colourOf && at > 0 ? colourOf(at - 1, column) : null) + space;
    });
    return shown.join('').trimEnd();
  });
}

module.exports = { coloured, table };
