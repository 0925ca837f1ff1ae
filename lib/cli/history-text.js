'use strict';

const { printable } = require('./printable');

/** @import { Entry, HistoryDifference, NodeDifference } from '../types/history' */

const SIGNS = { added: '+', changed: '~', removed: '-' };
const HEAD = ['', 'sequence', 'time', 'user', 'origin', 'added', 'changed', 'removed', 'tabs'];

/** @param {number} time in ms since 1970 */
const timeOf = (time) => new Date(time).toISOString().replace('T', ' ').slice(0, 19);

/** @param {Entry} entry */
function rowOf({ sequence, time, user, origin, to, added, changed, removed, tabs, message, current }) {
  return [
    current ? '*' : '',
    sequence,
    timeOf(time),
    user ?? '-',
    to === null ? origin : `${origin} to ${to}`,
    added,
    changed,
    removed,
    `${tabs.join(', ')}${message ? ` "${message}"` : ''}`
  ].map(printable);
}

/**
 * The entries as a table, as wide as the terminal; `*` stands by the one that runs.
 *
 * @param {Entry[]} entries
 * @param {number} columns
 */
function historyLines(entries, columns) {
  const rows = [HEAD, ...entries.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const line = row.map((cell, column) => cell.padEnd(widths[column])).join('  ');
    return line.trimEnd().slice(0, Math.max(columns, 40));
  });
}

/** @param {string | null} value */
const shown = (value) => (value === null ? '(none)' : printable(value));

/** @param {NodeDifference} node */
function nodeLines({ id, type, name, change, properties }) {
  const head = `  ${SIGNS[change]} ${printable(type)}${name ? ` "${printable(name)}"` : ''} (${printable(id)})`;
  return [
    head,
    ...properties.map(({ name: property, before, after }) =>
      before === null && after === null
        ? `      ${printable(property)}: changed`
        : `      ${printable(property)}: ${shown(before)} → ${shown(after)}`
    )
  ];
}

/**
 * What differs between two deploys, for people.
 *
 * @param {HistoryDifference} difference
 */
function differenceLines({ from, to, tabs, credentialsChanged, leftOut }) {
  const lines = [from === null ? `deploy ${to}, the first that is kept` : `from deploy ${from} to deploy ${to}`];
  for (const { id, name, nodes } of tabs) {
    lines.push('', id === '' ? 'on no tab' : printable(name), ...nodes.flatMap(nodeLines));
  }
  if (leftOut > 0) {
    lines.push('', `and ${leftOut} more nodes`);
  }
  if (credentialsChanged) {
    lines.push('', 'credentials changed');
  }
  if (lines.length === 1) {
    lines.push('', 'nothing differs');
  }
  return lines;
}

module.exports = { differenceLines, historyLines };
