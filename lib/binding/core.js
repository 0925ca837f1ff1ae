'use strict';

const { withCode } = require('../errors');
const { loadBinding } = require('./load');

const binding = loadBinding();

/** Checks the options, given as JSON text. Throws an error that names the option. */
function checkOptions(text) {
  try {
    return binding.checkOptions(text);
  } catch (error) {
    throw withCode(error);
  }
}

const IN_BACKGROUND = 'InBackground';

/**
 * Opens a core class (`'Admin'` or `'Worker'`) so that every method throws or rejects with coded
 * errors. As long as a method's promise is pending, the process does not end by itself; those of
 * `background` are for work that nobody waits for and don't keep it.
 */
function openCore(name, { options, userDir, log, onEvent }) {
  const line = (level, text) => {
    log[level](text);
  };
  const fail = (error) => {
    throw withCode(error);
  };
  const calls = new Map();
  let lastCall = 0;
  const settle = (call, value, error) => {
    const { resolve, reject } = calls.get(call);
    calls.delete(call);
    if (error === null) {
      resolve(value);
    } else {
      reject(new Error(error));
    }
  };
  let core;
  try {
    core = new binding[name](options.text, userDir, line, onEvent, options.functions, settle);
  } catch (error) {
    throw withCode(error);
  }
  const coded =
    (method) =>
    (...args) => {
      try {
        const result = core[method](...args);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    };
  const inBackground =
    (method) =>
    (...args) =>
      new Promise((resolve, reject) => {
        const call = (lastCall += 1);
        core[method](call, ...args);
        calls.set(call, { resolve, reject });
      }).catch(fail);
  const methods = Object.getOwnPropertyNames(binding[name].prototype).filter((method) => method !== 'constructor');
  // Nothing but these: what answers to `then` can't be returned from an async function.
  const opened = { background: {} };
  for (const method of methods) {
    if (method.endsWith(IN_BACKGROUND)) {
      opened.background[method.slice(0, -IN_BACKGROUND.length)] = inBackground(method);
    } else {
      opened[method] = coded(method);
    }
  }
  return opened;
}

module.exports = { checkOptions, openCore };
