'use strict';

const { parseArgs } = require('node:util');

const { codedError } = require('../errors');
const { CONNECTION } = require('./connection-options');

/** @import { Command, Option } from '.' */

/** @type {Record<string, Option>} */
const COMMON = {
  verbose: { type: 'boolean', description: 'tell on the error output what the connection does' },
  help: { type: 'boolean', short: 'h', description: 'print this' }
};

/**
 * The options of a command with those that it shares with others.
 *
 * @param {Command} command
 * @returns {Record<string, Option>}
 */
function allOptions(command) {
  return { ...command.options, ...(command.connects ? CONNECTION : {}), ...COMMON };
}

/**
 * @param {string[]} args
 * @param {Record<string, Option>} options
 */
function readArgs(args, options) {
  /** @type {NonNullable<import('node:util').ParseArgsConfig['options']>} */
  const known = {};
  for (const [name, { type, short, multiple, default: fallback }] of Object.entries(options)) {
    known[name] = {
      type,
      ...(short ? { short } : {}),
      ...(multiple ? { multiple } : {}),
      ...(fallback === undefined ? {} : { default: fallback })
    };
  }
  try {
    const { values, positionals } = parseArgs({ args, options: known, allowPositionals: true });
    return { values: /** @type {Record<string, any>} */ (values), positionals };
  } catch (error) {
    throw codedError('ERR_VALKEY_OPTION', error.message);
  }
}

module.exports = { allOptions, readArgs };
