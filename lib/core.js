'use strict';

const { loadBinding } = require('./load-binding');

const binding = loadBinding();

const CODED = /^(ERR_VALKEY_[A-Z_]+): ([\s\S]*)$/;

/** Takes the stable code off the beginning of a message and sets it as `error.code`. */
function withCode(error) {
  const coded = error && CODED.exec(error.message);
  if (coded) {
    error.code = coded[1];
    error.message = coded[2];
  }
  return error;
}

/** An error of our own, with a stable code. */
function codedError(code, message) {
  return Object.assign(new Error(message), { code });
}

/** Checks the options; returns JSON text. Throws an error that names the option. */
function checkOptions(text) {
  try {
    return binding.checkOptions(text);
  } catch (error) {
    throw withCode(error);
  }
}

/**
 * Opens a core class (`'Admin'` or `'Worker'`) so that every method throws or rejects with coded
 * errors.
 */
function openCore(name, { options, userDir, log, onEvent }) {
  const line = (level, text) => {
    log[level](text);
  };
  let core;
  try {
    core = new binding[name](options.text, userDir, line, onEvent, options.functions);
  } catch (error) {
    throw withCode(error);
  }
  const fail = (error) => {
    throw withCode(error);
  };
  const coded = (method) => (...args) => {
    try {
      const result = core[method](...args);
      return result instanceof Promise ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
    }
  };
  // Nothing but these: what answers to `then` can't be returned from an async function.
  const methods = Object.getOwnPropertyNames(binding[name].prototype).filter((method) => method !== 'constructor');
  return Object.fromEntries(methods.map((method) => [method, coded(method)]));
}

module.exports = { checkOptions, codedError, openCore };
