'use strict';

/** @import { ErrorCode } from '../index' */

// Every error of ours has a stable code. `ErrorCode` in index.d.ts lists them all, those of the core
// (src/error.rs) included; docs/operations.md says when each comes, and what to do.

/** The core has no other way to tell a code than to begin the message with it. */
const CODED = /^(ERR_VALKEY_[A-Z_]+): ([\s\S]*)$/;

/**
 * An error with a stable code.
 *
 * @param {ErrorCode} code
 * @param {string} message
 * @returns {Error & { code: ErrorCode }}
 */
function codedError(code, message) {
  return Object.assign(new Error(message), { code });
}

/**
 * A wrong option; `problem` continues the sentence "option 'x' …".
 *
 * @param {string} option
 * @param {string} problem
 */
function optionError(option, problem) {
  return codedError('ERR_VALKEY_OPTION', `option '${option}' ${problem}`);
}

/**
 * What the core threw, with its code as `error.code` and no more in the message; the same object.
 *
 * @param {any} error
 */
function withCode(error) {
  const coded = error && CODED.exec(error.message);
  if (coded) {
    error.code = coded[1];
    error.message = coded[2];
  }
  return error;
}

module.exports = { codedError, optionError, withCode };
