'use strict';

// npm in a user directory of the test's own: with a cache that no other run shares, and a record
// of every run, which is the log that npm itself writes into that cache.

const fs = require('node:fs');
const path = require('node:path');

/** The npm that belongs to Node-RED. */
const NPM = path.join(
  path.dirname(
    require.resolve('npm/package.json', { paths: [path.dirname(require.resolve('node-red/package.json'))] })
  ),
  'bin',
  'npm-cli.js'
);
const CACHE = '.npm-cache';
const LOG = /^(\d{4}-\d\d-\d\d)T(\d\d)_(\d\d)_(\d\d)_(\d+)Z-debug-0\.log$/;
const LOGS_KEPT = 10_000;

/** Settings of npm for runs in this folder; `lines` come last. */
function writeNpmrc(dir, lines) {
  fs.mkdirSync(dir, { recursive: true });
  const settings = [
    `cache=${path.join(dir, CACHE)}`,
    `logs-max=${LOGS_KEPT}`,
    'audit=false',
    'fund=false',
    'update-notifier=false',
    'fetch-retries=1',
    'fetch-retry-mintimeout=100',
    'fetch-retry-maxtimeout=500',
    ...lines
  ];
  fs.writeFileSync(path.join(dir, '.npmrc'), `${settings.join('\n')}\n`);
}

/** For the environment of a process: takes away what `npm test` and the machine tell npm. */
function npmEnvironment() {
  const names = Object.keys(process.env).filter((name) => /^npm_/i.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

function argvOf(text) {
  const [, list = ''] = /^\d+ verbose argv (.*)$/m.exec(text) || [];
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word);
}

/**
 * The npm runs in a user directory so far, oldest first; one that has just begun may not have told
 * its arguments. Runs that say which cache to use, or none at all, can't be seen.
 *
 * @param {string} dir where `writeNpmrc` was
 * @returns {{argv: string[], command: string | undefined, began: number, ended: number, log: string}[]}
 *   `began` and `ended` (of one that runs: so far) are times in ms as Date.now() gives them
 */
function npmRuns(dir) {
  const logs = path.join(dir, CACHE, '_logs');
  if (!fs.existsSync(logs)) {
    return [];
  }
  return fs
    .readdirSync(logs)
    .filter((name) => LOG.test(name))
    .sort()
    .map((name) => {
      const file = path.join(logs, name);
      const log = fs.readFileSync(file, 'utf8');
      const [, date, hours, minutes, seconds, ms] = LOG.exec(name);
      const argv = argvOf(log);
      return {
        argv,
        command: argv[0],
        began: Date.parse(`${date}T${hours}:${minutes}:${seconds}.${ms}Z`),
        ended: fs.statSync(file).mtimeMs,
        log
      };
    });
}

/** Those of the runs that change what is installed. */
function npmChanges(dir) {
  const questions = new Set(['config', 'info', 'ls', 'list', 'prefix', 'root', 'view', '--version', '-v']);
  return npmRuns(dir).filter(({ command }) => !questions.has(command));
}

module.exports = { NPM, npmChanges, npmEnvironment, npmRuns, writeNpmrc };
