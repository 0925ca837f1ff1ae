'use strict';

const { decode, encode } = require('./values');

/**
 * @import { Log } from '../types/core'
 */

/**
 * What the core tells of a value: its text, null when there is none.
 *
 * @typedef {{ text(scope: string, key: string): string | null | undefined, names(scope: string): string[] }} Texts
 */

/**
 * @typedef {object} Entry
 * @property {any} value undefined: there is none
 * @property {string | null} [text] of an object: what was shared of it last
 * @property {boolean} [local] it is in this process only; `text` is then what is shared under its name
 */

/** Values that are looked for and not there are noted, so many of them; names may be made up without end. */
const MOST_ABSENT = 10_000;

/** Texts up to this length are kept beside their objects, to tell of a change that was not set. */
const COMPARED = 16 * 1024;

/** Names that were told of in the log once. */
const MOST_TOLD = 1000;

/**
 * The values as flows get them: parsed at the first read, and then the same object until somebody else changes it.
 * Those that can't be shared are kept here.
 *
 * @param {{ core: Texts, log: Log }} parts
 */
function createCache({ core, log }) {
  /** @type {Map<string, Map<string, Entry>>} */
  const scopes = new Map();
  const told = new Set();
  let absent = 0;

  /** @param {string} line */
  const tell = (line) => {
    if (!told.has(line) && told.size < MOST_TOLD) {
      told.add(line);
      log.warn(line);
    }
  };

  /** @param {string} scope */
  const entriesOf = (scope) => {
    let entries = scopes.get(scope);
    if (!entries) {
      entries = new Map();
      scopes.set(scope, entries);
    }
    return entries;
  };

  /**
   * @param {string} scope
   * @param {string} key
   * @param {Entry} entry
   */
  const keep = (scope, key, entry) => {
    entriesOf(scope).set(key, entry);
  };

  /** @param {unknown} value */
  const isObject = (value) => typeof value === 'object' && value !== null;

  /**
   * @param {string} scope
   * @param {string} key
   */
  const load = (scope, key) => {
    const text = core.text(scope, key);
    if (typeof text !== 'string') {
      if (absent >= MOST_ABSENT) {
        for (const entries of scopes.values()) {
          entries.forEach((entry, name) => entry.value === undefined && entries.delete(name));
        }
        absent = 0;
      }
      absent += 1;
      keep(scope, key, { value: undefined });
      return undefined;
    }
    try {
      put(scope, key, decode(text), text);
    } catch (error) {
      tell(`context: '${key}' of ${scope} can't be read: ${error instanceof Error ? error.message : error}`);
      keep(scope, key, { value: undefined });
    }
    return scopes.get(scope)?.get(key)?.value;
  };

  /**
   * Takes a value that is shared; undefined when it was removed, of which nothing stays.
   *
   * @param {string} scope
   * @param {string} key
   * @param {unknown} value
   * @param {string | null} text null: not known, or not worth to be compared
   */
  const put = (scope, key, value, text) => {
    if (value === undefined) {
      scopes.get(scope)?.delete(key);
      return;
    }
    const compared = isObject(value) && text !== null && text.length <= COMPARED;
    keep(scope, key, compared ? { value, text } : { value });
  };

  /**
   * @param {string} scope
   * @param {string} key
   * @param {Entry} entry
   */
  const tellOfChangeInPlace = (scope, key, { value, text, local }) => {
    if (local || typeof text !== 'string') {
      return;
    }
    const now = encode(value);
    if (!('text' in now) || now.text !== text) {
      tell(
        `context: '${key}' of ${scope} was changed without 'set': what was changed is lost here, and was never on other instances`
      );
    }
  };

  /**
   * @param {string} scope
   * @param {string} key
   */
  const drop = (scope, key) => {
    const entries = scopes.get(scope);
    const entry = entries?.get(key);
    if (entries && entry) {
      entries.delete(key);
      tellOfChangeInPlace(scope, key, entry);
    }
  };

  return {
    /**
     * @param {string} scope
     * @param {string} key
     */
    read(scope, key) {
      const entry = scopes.get(scope)?.get(key);
      return entry ? entry.value : load(scope, key);
    },

    put,

    /**
     * Replaces a value that is shared by one that is no object; whether there was one.
     *
     * @param {string} scope
     * @param {string} key
     * @param {unknown} value
     */
    replace(scope, key, value) {
      const entry = scopes.get(scope)?.get(key);
      if (entry === undefined || entry.value === undefined || entry.local) {
        return false;
      }
      entry.value = value;
      entry.text = undefined;
      return true;
    },

    /**
     * Takes a value that can't be shared.
     *
     * @param {string} scope
     * @param {string} key
     * @param {unknown} value
     * @param {{ reason: string, path: Array<string | number> }} why
     */
    keepLocal(scope, key, value, { reason, path }) {
      keep(scope, key, { value, local: true, text: core.text(scope, key) ?? null });
      tell(
        `context: '${[key, ...path].join('.')}' of ${scope} holds ${reason}: '${key}' is kept in this process and not shared`
      );
    },

    /**
     * @param {string} scope
     * @param {string} key
     */
    isLocal(scope, key) {
      return Boolean(scopes.get(scope)?.get(key)?.local);
    },

    drop,

    /** @param {string} scope */
    dropScope(scope) {
      scopes.delete(scope);
    },

    /** Everything may have changed; what is in this process only stays, unless it was replaced. */
    dropAll() {
      for (const [scope, entries] of scopes) {
        for (const [key, entry] of entries) {
          if (!entry.local || (core.text(scope, key) ?? null) !== entry.text) {
            drop(scope, key);
          }
        }
      }
      absent = 0;
    },

    /**
     * In the order in which an object has them.
     *
     * @param {string} scope
     * @returns {string[]}
     */
    names(scope) {
      const names = Object.create(null);
      for (const name of core.names(scope)) {
        names[name] = true;
      }
      for (const [name, entry] of scopes.get(scope) ?? []) {
        if (entry.local) {
          names[name] = true;
        }
      }
      return Object.keys(names);
    },

    /** Number of values and names that are noted. */
    size() {
      return Array.from(scopes.values(), (entries) => entries.size).reduce((sum, size) => sum + size, 0);
    },

    /** Ends with what was changed and never set. */
    tellOfChangesInPlace() {
      for (const [scope, entries] of scopes) {
        entries.forEach((entry, key) => tellOfChangeInPlace(scope, key, entry));
      }
    }
  };
}

module.exports = { createCache };
