'use strict';

/**
 * @import { Writer } from './store'
 * @import { Steps } from './operations'
 */

/**
 * What the store asks of the core.
 *
 * @typedef {Writer & { text(scope: string, key: string): string | null | undefined, background: Steps }} Core
 */

/** Strings up to this length are replaced later. */
const SHORT = 64;

/**
 * Whether a value is so small that it can't be what makes the context too large.
 *
 * @param {unknown} value
 */
function isSmall(value) {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'string':
      return value.length <= SHORT;
    default:
      return false;
  }
}

/**
 * Puts off until the code that runs has ended what a flow sets over and over, such as counters: the core is told of the
 * last value alone. Whatever else is asked of the core comes after what was put off.
 *
 * @param {Core} core
 * @param {(scope: string, key: string, error: unknown) => void} onRefused of a value that was put off
 */
function createDeferred(core, onRefused) {
  /** @type {Map<string, Map<string, unknown>>} */
  const waiting = new Map();

  const flush = () => {
    if (waiting.size === 0) {
      return;
    }
    const scopes = [...waiting];
    waiting.clear();
    for (const [scope, values] of scopes) {
      try {
        core.set(
          scope,
          [...values.keys()],
          Array.from(values.values(), (value) => JSON.stringify(value))
        );
      } catch (error) {
        values.forEach((_value, key) => onRefused(scope, key, error));
      }
    }
  };

  /**
   * @template {unknown[]} Args
   * @template Result
   * @param {(...args: Args) => Result} call
   * @returns {(...args: Args) => Result}
   */
  const afterwards =
    (call) =>
    (...args) => {
      flush();
      return call(...args);
    };
  const { incr, compareAndSet, setIfAbsent, push, expire } = core.background;

  return {
    text: afterwards((/** @type {string} */ scope, /** @type {string} */ key) => core.text(scope, key)),
    names: (/** @type {string} */ scope) => core.names(scope),
    set: afterwards((/** @type {Parameters<Core['set']>} */ ...args) => core.set(...args)),
    setPath: afterwards((/** @type {Parameters<Core['setPath']>} */ ...args) => core.setPath(...args)),
    background: {
      incr: afterwards(incr),
      compareAndSet: afterwards(compareAndSet),
      setIfAbsent: afterwards(setIfAbsent),
      push: afterwards(push),
      expire: afterwards(expire)
    },
    flush,

    /**
     * Replaces a small value by another; the key exists.
     *
     * @param {string} scope
     * @param {string} key
     * @param {unknown} value
     */
    replace(scope, key, value) {
      let values = waiting.get(scope);
      if (!values) {
        if (waiting.size === 0) {
          queueMicrotask(flush);
        }
        values = new Map();
        waiting.set(scope, values);
      }
      values.set(key, value);
    }
  };
}

module.exports = { createDeferred, isSmall };
