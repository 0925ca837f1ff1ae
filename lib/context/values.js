'use strict';

const { types } = require('node:util');

// Values of the context as JSON text. What JSON has no form for stands as `{"$nodered": <type>, "value": …}`; an object
// of a user's that has such a key itself stands as one of type `Object`. Values come from Function nodes, which live in
// another realm: prototypes of this one, and so `instanceof`, say nothing about them.

/** The key by which a value is known that JSON has no form for. */
const TAG = '$nodered';
const MARK = `"${TAG}"`;

/** Deeper than that, or in a circle, and a value is looked at with care. */
const PLAIN_DEPTH = 64;

/** The depth at which a value stays in its process: what is read back is walked too. */
const MAX_DEPTH = 500;

/** What keeps a value in its process: `path` leads to the part, `reason` says what that is. */
class Unshareable extends Error {
  /**
   * @param {string} reason
   * @param {Array<string | number>} path
   */
  constructor(reason, path) {
    super(reason);
    this.path = path;
  }
}

/** @param {object} value */
function isPlainObject(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'));
}

/**
 * Whether JSON.stringify writes all of a value, so that JSON.parse gives the same.
 *
 * @param {any} value
 * @param {number} depth
 * @returns {boolean}
 */
function isJson(value, depth) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) {
    return true;
  }
  if (depth > PLAIN_DEPTH || types.isProxy(value)) {
    return false;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      if (!isJson(value[i], depth + 1)) {
        return false;
      }
    }
    return true;
  }
  if (!isPlainObject(value)) {
    return false;
  }
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (key === TAG || (item !== undefined && !isJson(item, depth + 1))) {
      return false;
    }
  }
  return true;
}

/**
 * @param {string} type
 * @param {unknown} [value]
 */
const tagged = (type, value) => ({ [TAG]: type, value });

/** @param {ArrayBufferView} view */
const base64 = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');

/** @param {number} value */
const numberAsJson = (value) =>
  Object.is(value, -0) ? tagged('Number', '-0') : Number.isFinite(value) ? value : tagged('Number', String(value));

/**
 * What a value of a built-in type is tagged as; undefined for all that is none.
 *
 * @param {any} value
 * @param {(item: unknown, step: string | number) => unknown} part
 */
function builtIn(value, part) {
  if (types.isDate(value)) {
    const time = value.getTime();
    return tagged('Date', Number.isNaN(time) ? null : new Date(time).toISOString());
  }
  if (Buffer.isBuffer(value)) {
    return tagged('Buffer', base64(value));
  }
  if (types.isTypedArray(value)) {
    return tagged(value[Symbol.toStringTag], base64(value));
  }
  if (types.isArrayBuffer(value)) {
    return tagged('ArrayBuffer', base64(new Uint8Array(value)));
  }
  if (types.isMap(value)) {
    return tagged(
      'Map',
      Array.from(value, ([key, item], i) => [part(key, i), part(item, i)])
    );
  }
  if (types.isSet(value)) {
    return tagged('Set', Array.from(value, part));
  }
  if (types.isRegExp(value)) {
    return tagged('RegExp', [value.source, value.flags]);
  }
  if (types.isBoxedPrimitive(value)) {
    return part(value.valueOf(), 'valueOf');
  }
  return undefined;
}

/** @param {object} value */
function isBoundToProcess(value) {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isExternal(value) ||
    types.isGeneratorObject(value) ||
    types.isSharedArrayBuffer(value)
  );
}

/**
 * A value in the form that JSON.stringify writes all of.
 *
 * @param {any} value
 * @param {Array<string | number>} path
 * @param {Set<object>} parents
 * @returns {unknown}
 */
function asJson(value, path, parents) {
  /** @param {string} reason */
  const fail = (reason) => {
    throw new Unshareable(reason, path);
  };
  switch (typeof value) {
    case 'number':
      return numberAsJson(value);
    case 'undefined':
      return tagged('undefined');
    case 'function':
      return fail('a function');
    case 'bigint':
      return fail('a BigInt');
    case 'symbol':
      return fail('a symbol');
    default:
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (parents.has(value)) {
    return fail('a circular reference');
  }
  if (parents.size >= MAX_DEPTH) {
    return fail('too deep');
  }
  if (isBoundToProcess(value)) {
    return fail('bound to this process');
  }
  parents.add(value);
  /**
   * @param {unknown} item
   * @param {string | number} step
   */
  const part = (item, step) => asJson(item, [...path, step], parents);
  const result = objectAsJson(value, part);
  parents.delete(value);
  return result;
}

/**
 * @param {any} value
 * @param {(item: unknown, step: string | number) => unknown} part
 */
function objectAsJson(value, part) {
  const known = builtIn(value, part);
  if (known !== undefined) {
    return known;
  }
  if (Array.isArray(value)) {
    return Array.from(value, part);
  }
  if (!isPlainObject(value) && typeof value.toJSON === 'function') {
    return part(value.toJSON(), 'toJSON');
  }
  const copy = Object.create(null);
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) {
      copy[key] = part(value[key], key);
    }
  }
  return Object.hasOwn(value, TAG) ? tagged('Object', copy) : copy;
}

/**
 * The text of a value, or what keeps it in this process.
 *
 * @param {unknown} value not undefined
 * @returns {{ text: string } | { reason: string, path: Array<string | number> }}
 */
function encode(value) {
  try {
    if (isJson(value, 0)) {
      return { text: JSON.stringify(value) };
    }
    return { text: JSON.stringify(asJson(value, [], new Set())) };
  } catch (error) {
    if (error instanceof Unshareable) {
      return { reason: error.message, path: error.path };
    }
    // A getter, a proxy or `toJSON` of the user's.
    return { reason: `an object that can't be read (${error instanceof Error ? error.message : error})`, path: [] };
  }
}

/** @type {Record<string, new (buffer: ArrayBuffer) => unknown>} */
const VIEWS = Object.assign(Object.create(null), {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array
});

/** @param {string} text of base64 */
function bytes(text) {
  const buffer = Buffer.from(text, 'base64');
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
}

/**
 * What a tagged object stands for; one that is malformed, or of a type that is not known, is left as it is.
 *
 * @param {Record<string, any>} object
 */
function untagged(object) {
  const { [TAG]: type, value } = object;
  switch (type) {
    case 'undefined':
      return undefined;
    case 'Object':
      return plainParts(value);
    case 'Number':
      return Number(value);
    case 'Date':
      return new Date(value ?? NaN);
    case 'Buffer':
      return Buffer.from(String(value), 'base64');
    case 'ArrayBuffer':
      return bytes(String(value));
    case 'Map':
      return new Map(plainParts(value));
    case 'Set':
      return new Set(plainParts(value));
    case 'RegExp':
      return new RegExp(value[0], value[1]);
    default:
      return VIEWS[type] ? new VIEWS[type](bytes(String(value))) : object;
  }
}

/**
 * The parts of an object or array, as they were before they became JSON.
 *
 * @param {any} value
 */
function plainParts(value) {
  for (const key of Object.keys(value)) {
    const item = value[key];
    const before = asBefore(item);
    if (before !== item) {
      Object.defineProperty(value, key, { value: before, writable: true, enumerable: true, configurable: true });
    }
  }
  return value;
}

/**
 * @param {any} value
 * @returns {unknown}
 */
function asBefore(value) {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (typeof value[TAG] !== 'string' || !Object.hasOwn(value, TAG)) {
    return plainParts(value);
  }
  try {
    return untagged(value);
  } catch {
    return value;
  }
}

/**
 * The value of a text. Throws what JSON.parse does.
 *
 * @param {string} text
 * @returns {unknown}
 */
function decode(text) {
  const value = JSON.parse(text);
  return text.includes(MARK) ? asBefore(value) : value;
}

/**
 * Whether what is in an object or array stands in the text where it stands in the value, so that a path leads to it.
 *
 * @param {unknown} value
 */
function isContainer(value) {
  if (value === null || typeof value !== 'object' || types.isProxy(value)) {
    return false;
  }
  return Array.isArray(value) || (isPlainObject(value) && !Object.hasOwn(value, TAG));
}

module.exports = { decode, encode, isContainer };
