'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { allOptions, readArgs } = require('./command-options');
const { connectionOptions } = require('./connection-options');
const { generalHelp, helpOf } = require('./help');
const { createInterruption } = require('./interruption');
const { printable } = require('./printable');
const { version: VERSION } = require('../../package.json');

/**
 * @import { ParseArgsConfig } from 'node:util'
 * @import { Log, Options } from '../types/core'
 */

/**
 * An option of a command, as `parseArgs` of node:util takes it, with a line for the help; `placeholder` names the value.
 *
 * @typedef {NonNullable<ParseArgsConfig['options']>[string] & { description: string, placeholder?: string }} Option
 */

/**
 * A file of `commands/`, which is named like the command.
 *
 * @typedef {object} Command
 * @property {string} summary one line for the list of commands
 * @property {string} usage what follows the name of the command
 * @property {Record<string, Option>} options besides those of all commands
 * @property {boolean} connects whether it takes those that say where the server is
 * @property {(context: Context) => Promise<number> | number} run gives the exit code; what it rejects with is told, and is 2
 */

/**
 * What a command is run with.
 *
 * @typedef {object} Context
 * @property {string[]} args what is no option
 * @property {Record<string, any>} values of the options, by their names
 * @property {() => Options} coreOptions where the server is, for the core; throws what is wrong with it
 * @property {Log} log for the core: to the error output, with `--verbose`
 * @property {NodeJS.ProcessEnv} env
 * @property {boolean} colours whether the output is a terminal that shows colours
 * @property {number} columns width of the terminal
 * @property {(line?: string) => void} out a line to the output
 * @property {(line: string) => void} err a line to the error output
 * @property {AbortSignal} interrupted Ctrl+C, or nobody reads the output any more: close, and end
 * @property {Record<string, Command>} commands all there are
 */

/** A command could not tell what was asked of it. */
const UNKNOWN = 2;

/**
 * The commands in a folder, by their names.
 *
 * @param {string} folder
 * @returns {Record<string, Command>}
 */
function commandsIn(folder) {
  const names = fs.readdirSync(folder).filter((file) => file.endsWith('.js'));
  return Object.fromEntries(names.sort().map((file) => [path.basename(file, '.js'), require(path.join(folder, file))]));
}

/**
 * The log of the core on the command line.
 *
 * @param {(line: string) => void} err
 * @param {boolean} verbose
 * @returns {Log}
 */
function createLog(err, verbose) {
  /** @param {string} level */
  const line = (level) => (/** @type {string} */ text) => {
    if (verbose) {
      err(printable(`${level}: ${text}`));
    }
  };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

/**
 * Runs what the command line asks for, and resolves with the exit code. Ends no process: it is over when everything is
 * closed.
 *
 * @param {object} [given]
 * @param {string[]} [given.args]
 * @param {NodeJS.ProcessEnv} [given.env]
 * @param {NodeJS.WritableStream & { isTTY?: boolean, columns?: number }} [given.stdout]
 * @param {NodeJS.WritableStream} [given.stderr]
 * @param {string} [given.folder] of the commands
 * @returns {Promise<number>}
 */
async function runCli({
  args = process.argv.slice(2),
  env = process.env,
  stdout = process.stdout,
  stderr = process.stderr,
  folder = path.join(__dirname, 'commands')
} = {}) {
  const out = (line = '') => void stdout.write(`${line}\n`);
  /** @param {string} line */
  const err = (line) => void stderr.write(`${line}\n`);
  const commands = commandsIn(folder);
  const [first] = args;
  if (first === undefined || first === '--help' || first === '-h') {
    out(generalHelp(commands));
    return first === undefined ? UNKNOWN : 0;
  }
  if (first === '--version') {
    out(VERSION);
    return 0;
  }
  if (!Object.hasOwn(commands, first)) {
    err(`there is no command '${printable(first)}'; there are ${Object.keys(commands).join(', ')}`);
    return UNKNOWN;
  }
  const command = commands[first];
  const interruption = createInterruption(stdout);
  try {
    const options = allOptions(command);
    const { values, positionals } = readArgs(args.slice(1), options);
    if (values.help) {
      out(helpOf(first, command, options));
      return 0;
    }
    return await command.run({
      args: positionals,
      values,
      coreOptions: () => connectionOptions(values, env),
      log: createLog(err, Boolean(values.verbose)),
      env,
      colours: Boolean(stdout.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb',
      columns: stdout.columns || 80,
      out,
      err,
      interrupted: interruption.signal,
      commands
    });
  } catch (error) {
    err(printable(error.code ? `${error.code}: ${error.message}` : `${error.stack || error}`));
    return UNKNOWN;
  } finally {
    interruption.close();
  }
}

module.exports = { runCli };
