'use strict';

const { withCode } = require('../errors');
const { loadBinding } = require('./load');

/**
 * @import { EventFunction, LogFunction, SettleFunction } from '../../binding'
 * @import { Core, Log, Options } from '../types/core'
 */

const binding = loadBinding();

/**
 * Checks the options, given as JSON text. Throws an error that names the option.
 *
 * @param {string} text
 */
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
 *
 * @template {'Admin' | 'Worker'} Name
 * @param {Name} name
 * @param {{ options: Options, userDir: string | undefined, log: Log, onEvent: EventFunction }} params
 * @returns {Core<Name>}
 */
function openCore(name, { options, userDir, log, onEvent }) {
  /** @type {LogFunction} */
  const line = (level, text) => {
    log[level](text);
  };
  /**
   * @param {unknown} error
   * @returns {never}
   */
  const fail = (error) => {
    throw withCode(error);
  };
  /** @type {Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>} */
  const calls = new Map();
  let lastCall = 0;
  /** @type {SettleFunction} */
  const settle = (call, value, error) => {
    // The core answers each call once.
    const { resolve, reject } = /** @type {NonNullable<ReturnType<typeof calls.get>>} */ (calls.get(call));
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
  // From here on by reflection: `Core` says what comes out of it.
  const methods = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (/** @type {unknown} */ (core));
  /** @param {string} method */
  const coded =
    (method) =>
    /** @param {unknown[]} args */
    (...args) => {
      try {
        const result = methods[method](...args);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    };
  /** @param {string} method */
  const inBackground =
    (method) =>
    /** @param {unknown[]} args */
    (...args) =>
      new Promise((resolve, reject) => {
        const call = (lastCall += 1);
        methods[method](call, ...args);
        calls.set(call, { resolve, reject });
      }).catch(fail);
  const names = Object.getOwnPropertyNames(binding[name].prototype).filter((method) => method !== 'constructor');
  /** @type {Record<string, unknown>} */
  const background = {};
  // Nothing but these: what answers to `then` can't be returned from an async function.
  /** @type {Record<string, unknown>} */
  const opened = { background };
  for (const method of names) {
    if (method.endsWith(IN_BACKGROUND)) {
      background[method.slice(0, -IN_BACKGROUND.length)] = inBackground(method);
    } else {
      opened[method] = coded(method);
    }
  }
  return /** @type {Core<Name>} */ (opened);
}

module.exports = { checkOptions, openCore };
