'use strict';

const { codedError } = require('../errors');

// Operations that are one step for all instances, as values: Node-RED's own API says in which scope and store, and
// whoever sets one may wait for it.
//
//   const n = shared.incr(1);
//   global.set('count', n);
//   const count = await n;

/** The same in every copy of this module in a process. */
const RUN = Symbol.for('node-red-storage-valkey.context.operation');

/**
 * @typedef {'incr' | 'update' | 'setIfAbsent' | 'push' | 'expire'} Kind
 * @typedef {(kind: Kind, argument: any) => Promise<unknown>} Perform
 */

/** A value that is an operation: it is begun when it is set in the context, and `await` gives what came of it. */
class Operation {
  #kind;
  #argument;
  #started = false;
  /** @type {(result: unknown) => void} */
  #resolve = () => {};
  /** @type {Promise<unknown>} */
  #result;

  /**
   * @param {Kind} kind
   * @param {any} argument
   */
  constructor(kind, argument) {
    this.#kind = kind;
    this.#argument = argument;
    this.#result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // Whoever waits is told; that nobody does is no fault of the process.
    this.#result.catch(() => {});
  }

  /**
   * For the store. Throws when the operation was begun before.
   *
   * @param {Perform} perform
   * @returns {Promise<unknown>} nobody has to wait for it
   */
  [RUN](perform) {
    if (this.#started) {
      throw codedError(
        'ERR_VALKEY_CONTEXT_OPERATION',
        `an operation can be set once: make a new 'shared.${this.#kind}(…)'`
      );
    }
    this.#started = true;
    this.#resolve(perform(this.#kind, this.#argument));
    return this.#result;
  }

  /**
   * @param {(value: any) => any} [onResult]
   * @param {(error: any) => any} [onError]
   */
  then(onResult, onError) {
    this.#expectToBeSet();
    return this.#result.then(onResult, onError);
  }

  /** @param {(error: any) => any} [onError] */
  catch(onError) {
    return this.then(undefined, onError);
  }

  /** @param {() => void} [onEnd] */
  finally(onEnd) {
    this.#expectToBeSet();
    return this.#result.finally(onEnd);
  }

  /** What is waited for before it is set, and is then not set, would be waited for without end. */
  #expectToBeSet() {
    if (this.#started) {
      return;
    }
    setImmediate(() => {
      if (!this.#started) {
        this.#started = true;
        this.#resolve(
          Promise.reject(
            codedError(
              'ERR_VALKEY_CONTEXT_OPERATION',
              `'shared.${this.#kind}(…)' was waited for and not set: set it in the context first, in a store of this module`
            )
          )
        );
      }
    });
  }
}

/**
 * @param {string} name
 * @param {boolean} fits
 * @param {string} what
 */
function expectArgument(name, fits, what) {
  if (!fits) {
    throw codedError('ERR_VALKEY_CONTEXT_OPERATION', `'shared.${name}' takes ${what}`);
  }
}

/** What Function nodes are given. */
const shared = Object.freeze({
  /** Adds to a number, 0 when there is none; gives the new one. */
  incr(by = 1) {
    expectArgument('incr', typeof by === 'number' && Number.isFinite(by), 'a finite number');
    return new Operation('incr', by);
  },
  /**
   * Replaces a value by what `change` makes of it, which is called again when another instance was faster; gives the
   * new value.
   *
   * @param {(value: any) => any} change
   */
  update(change) {
    expectArgument('update', typeof change === 'function', 'a function');
    return new Operation('update', change);
  },
  /**
   * Sets a value if there is none; gives whether there was none.
   *
   * @param {any} value
   */
  setIfAbsent(value) {
    expectArgument('setIfAbsent', value !== undefined, 'a value');
    return new Operation('setIfAbsent', value);
  },
  /**
   * Appends to an array, an empty one when there is none; gives the new length.
   *
   * @param {any} value
   */
  push(value) {
    expectArgument('push', value !== undefined, 'a value');
    return new Operation('push', value);
  },
  /**
   * Removes a value after a time, unless it is set anew; gives whether there was one.
   *
   * @param {number} seconds
   */
  expire(seconds) {
    expectArgument('expire', typeof seconds === 'number' && seconds > 0 && seconds < 1e9, 'a number of seconds');
    return new Operation('expire', seconds);
  }
});

/**
 * @param {any} value
 * @returns {value is Operation}
 */
function isOperation(value) {
  return typeof value === 'object' && value !== null && typeof value[RUN] === 'function';
}

/**
 * Begins an operation. Throws when it can't be.
 *
 * @param {Operation} operation
 * @param {Perform} perform
 * @returns {Promise<unknown>} nobody has to wait for it
 */
function start(operation, perform) {
  const result = Promise.resolve(operation[RUN](perform));
  // Of another copy of this module, it may be one that was rejected and that nobody waits for.
  result.catch(() => {});
  return result;
}

module.exports = { isOperation, shared, start };
