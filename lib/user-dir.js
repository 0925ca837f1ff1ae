'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The user directory of settings that name none, by the rule that Node-RED's local storage applies in `init`. */
function defaultUserDir() {
  const { NODE_RED_HOME, HOME, USERPROFILE, HOMEPATH } = process.env;
  /** @param {string} directory */
  const isUsed = (directory) =>
    ['.config.json', '.config.nodes.json'].some((name) => fs.existsSync(path.join(directory, name)));
  if (NODE_RED_HOME && isUsed(NODE_RED_HOME)) {
    return NODE_RED_HOME;
  }
  if (HOMEPATH && isUsed(path.join(HOMEPATH, '.node-red'))) {
    return path.join(HOMEPATH, '.node-red');
  }
  return path.join(HOME || USERPROFILE || HOMEPATH || NODE_RED_HOME || '.', '.node-red');
}

/** What a file system answers to who may not write there. */
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * What is said of a user directory that can't be written: which, to whom, and what to do.
 *
 * @param {string} userDir
 * @param {string} code of the system's error
 */
function refusal(userDir, code) {
  if (code === 'EROFS') {
    return `the user directory ${userDir} is on a read-only disk (${code}): mount it so that it can be written, or name another 'userDir'`;
  }
  const user = process.getuid ? `user id ${process.getuid()}` : 'this user';
  const remedy = process.getuid ? `, e.g. with 'chown -R ${process.getuid()} ${userDir}'` : '';
  return `the user directory ${userDir} can't be written by ${user}, with which Node-RED runs (${code}): give it to that user${remedy}, or name another 'userDir'`;
}

/**
 * Why a user directory, or what is to be made in it, can't be written, as a sentence; null for
 * errors of another kind.
 *
 * @param {string} userDir
 * @param {{ code?: unknown, path?: unknown }} error
 */
function whyNotWritable(userDir, { code, path: file }) {
  const isAbout = typeof file !== 'string' || path.resolve(file).startsWith(path.resolve(userDir));
  return typeof code === 'string' && REFUSALS.has(code) && isAbout ? refusal(userDir, code) : null;
}

/**
 * The same, asked before anything is written there; makes the directory when there is none.
 *
 * @param {string} userDir
 */
async function askWhyNotWritable(userDir) {
  try {
    await fs.promises.mkdir(userDir, { recursive: true });
    await fs.promises.access(userDir, fs.constants.W_OK | fs.constants.X_OK);
    return null;
  } catch (error) {
    return whyNotWritable(userDir, error);
  }
}

module.exports = { askWhyNotWritable, defaultUserDir, whyNotWritable };
