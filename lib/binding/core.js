'use strict';

const { withCode } = require('../errors');
const { loadBinding } = require('./load');

/**
 * @import { ChangedFunction, EventFunction, LogFunction, SettleFunction } from '../../binding'
 * @import { ContextCore, Core, CoreName, Log, Options } from '../types/core'
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
 * Opens an admin, a worker, a member of the cluster or a reader of the history.
 *
 * @template {'Admin' | 'Worker' | 'Member' | 'HistoryReader'} Name
 * @param {Name} name
 * @param {{ options: Options, userDir: string | undefined, log: Log, onEvent: EventFunction }} params
 * @returns {Core<Name>}
 */
function openCore(name, { options, userDir, log, onEvent }) {
  return opened(
    name,
    log,
    (line, settle) => new binding[name](options.text, userDir, line, onEvent, options.functions, settle)
  );
}

/**
 * Opens a context store; `changed` is told of what others have changed, two lists side by side. Empty ones: of
 * everything.
 *
 * @param {{ options: Options, userDir: string | undefined, name: string, log: Log, changed: ChangedFunction }} params
 * @returns {ContextCore}
 */
function openContextCore({ options, userDir, name, log, changed }) {
  return opened(
    'Context',
    log,
    (line, settle) => new binding.Context(options.text, userDir, name, line, changed, options.functions, settle)
  );
}

/**
 * A core class whose every method throws or rejects with coded errors. As long as a method's promise is pending, the
 * process does not end by itself; those of `background` are for work that nobody waits for and don't keep it.
 *
 * @template {CoreName} Name
 * @param {Name} name
 * @param {Log} log
 * @param {(line: LogFunction, settle: SettleFunction) => object} construct
 * @returns {Core<Name>}
 */
function opened(name, log, construct) {
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
    core = construct(line, settle);
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
        const answer = methods[method](...args);
        return answer instanceof Promise ? answer.catch(fail) : answer;
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
  const result = { background };
  for (const method of names) {
    if (method.endsWith(IN_BACKGROUND)) {
      background[method.slice(0, -IN_BACKGROUND.length)] = inBackground(method);
    } else {
      result[method] = coded(method);
    }
  }
  return /** @type {Core<Name>} */ (result);
}

/** Has the system get back what the process has freed. */
const giveBackFreed = () => binding.giveBackFreed();

module.exports = { checkOptions, giveBackFreed, openContextCore, openCore };
