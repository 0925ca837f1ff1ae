'use strict';

const { codedError } = require('../errors');
const { decode, encode } = require('./values');

/**
 * @import { ExpressionUtil } from '../types/node-red'
 * @import { Kind } from './shared'
 */

/**
 * What the core does in one step on the server; rejected with a code while it is away.
 *
 * @typedef {object} Steps
 * @property {(scope: string, key: string, by: number) => Promise<string>} incr
 * @property {(scope: string, key: string, base: string | null, text: string | null) => Promise<boolean>} compareAndSet
 *   otherwise another was faster, and the core has read what that has set
 * @property {(scope: string, key: string, text: string) => Promise<boolean>} setIfAbsent
 * @property {(scope: string, key: string, text: string) => Promise<string>} push the text of the whole array
 * @property {(scope: string, key: string, seconds: number) => Promise<boolean>} expire
 */

/** Attempts of one `update`: so often another was faster. */
const MOST_ATTEMPTS = 200;

/**
 * Runs the operations of `shared`. Those on a part of a value (`a.b`) are updates of the whole.
 *
 * @param {object} parts
 * @param {{ text(scope: string, key: string): string | null | undefined, background: Steps }} parts.core
 * @param {{ drop(scope: string, key: string): void }} parts.cache
 * @param {ExpressionUtil} parts.util
 */
function createOperations({ core, cache, util }) {
  /** @param {unknown} value */
  const textOf = (value) => {
    const encoded = encode(value);
    if ('text' in encoded) {
      return encoded.text;
    }
    throw codedError(
      'ERR_VALKEY_CONTEXT_OPERATION',
      `${encoded.reason} ${encoded.path.length > 0 ? `at '${encoded.path.join('.')}' ` : ''}can't be shared`
    );
  };

  /**
   * @param {string} scope
   * @param {string} key
   * @param {(value: any) => any} change gives the new value; may be asynchronous
   */
  const update = async (scope, key, change) => {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const base = core.text(scope, key) ?? null;
      const value = await change(base === null ? undefined : decode(base));
      const text = value === undefined ? null : textOf(value);
      if (await core.background.compareAndSet(scope, key, base, text)) {
        return value;
      }
    }
    throw codedError('ERR_VALKEY_CONTEXT_OPERATION', `others change '${key}' all the time: it could not be updated`);
  };

  /** @type {Record<Kind, (scope: string, key: string, argument: any) => Promise<unknown>>} */
  const ofValue = {
    incr: async (scope, key, by) => decode(await core.background.incr(scope, key, by)),
    update,
    setIfAbsent: async (scope, key, value) => core.background.setIfAbsent(scope, key, textOf(value)),
    push: async (scope, key, value) => JSON.parse(await core.background.push(scope, key, textOf(value))).length,
    expire: (scope, key, seconds) => core.background.expire(scope, key, seconds)
  };

  /**
   * What an operation makes of a part: the new part, and what the operation gives.
   *
   * @type {Partial<Record<Kind, (part: any, argument: any) => Promise<{ part: unknown, result: unknown }>>>}
   */
  const ofPart = {
    async incr(part = 0, by) {
      if (typeof part !== 'number') {
        throw codedError('ERR_VALKEY_CONTEXT_OPERATION', "'shared.incr' counts numbers only");
      }
      return { part: part + by, result: part + by };
    },
    async update(part, change) {
      const result = await change(part);
      return { part: result, result };
    },
    async setIfAbsent(part, value) {
      return part === undefined ? { part: value, result: true } : { part, result: false };
    },
    async push(part = [], value) {
      if (!Array.isArray(part)) {
        throw codedError('ERR_VALKEY_CONTEXT_OPERATION', "'shared.push' appends to arrays only");
      }
      return { part: [...part, value], result: part.length + 1 };
    }
  };

  /**
   * @param {string} scope
   * @param {string} key
   * @param {Array<string | number>} path
   * @param {Kind} kind
   * @param {any} argument
   */
  const runOnPart = async (scope, key, path, kind, argument) => {
    const operation = ofPart[kind];
    if (!operation) {
      throw codedError('ERR_VALKEY_CONTEXT_OPERATION', `'shared.${kind}' is for a whole value, not for a part of it`);
    }
    const expression = ['value', ...path.map((step) => `[${typeof step === 'number' ? step : quoted(step)}]`)].join('');
    /** @type {unknown} */
    let result;
    await update(scope, key, async (value) => {
      const holder = value === undefined ? {} : { value };
      const done = await operation(partOf(value, path), argument);
      ({ result } = done);
      if (!util.setObjectProperty(holder, expression, done.part) && done.part !== undefined) {
        throw codedError('ERR_VALKEY_CONTEXT_OPERATION', `'${key}' has no room for such a part`);
      }
      return holder.value;
    });
    return result;
  };

  return {
    /**
     * @param {string} scope
     * @param {Array<string | number>} parts
     * @param {Kind} kind
     * @param {any} argument
     */
    async run(scope, [first, ...path], kind, argument) {
      const key = String(first);
      try {
        return await (path.length === 0
          ? ofValue[kind](scope, key, argument)
          : runOnPart(scope, key, path, kind, argument));
      } finally {
        cache.drop(scope, key);
      }
    }
  };
}

/** @param {string} step */
const quoted = (step) => (step.includes('"') ? `'${step}'` : `"${step}"`);

/**
 * @param {any} value
 * @param {Array<string | number>} path
 */
function partOf(value, path) {
  return path.reduce((part, step) => (part === undefined || part === null ? undefined : part[step]), value);
}

module.exports = { createOperations };
