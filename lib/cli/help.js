'use strict';

/** @import { Command, Option } from '.' */

const NAME = 'node-red-storage-valkey';

/**
 * Two columns.
 *
 * @param {string[][]} rows
 */
function columns(rows) {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
}

/** @param {Record<string, Command>} commands */
function generalHelp(commands) {
  return [
    `usage: ${NAME} <command> [options]`,
    '',
    columns(Object.entries(commands).map(([name, { summary }]) => [name, summary])),
    '',
    columns([
      ['<command> --help', 'what it takes'],
      ['--version', 'the version of this package']
    ])
  ].join('\n');
}

/**
 * @param {string} name
 * @param {Command} command
 * @param {Record<string, Option>} options
 */
function helpOf(name, { summary, usage }, options) {
  const rows = Object.entries(options).map(([option, { short, type, placeholder = 'VALUE', description }]) => [
    `${short ? `-${short}, ` : ''}--${option}${type === 'string' ? ` ${placeholder}` : ''}`,
    description
  ]);
  return [`usage: ${[NAME, name, usage].filter(Boolean).join(' ')}`, '', `  ${summary}`, '', columns(rows)].join('\n');
}

module.exports = { generalHelp, helpOf };
