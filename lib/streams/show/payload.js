'use strict';

const { isObject } = require('../../is-object');

// The editor takes a debug message apart by its format, and parts of it by what they say of themselves (`__enc__`). It
// trusts them: what is not as it expects makes it stop, or is put into the page as HTML. So this is looked at before.

/** Formats whose text the editor reads as JSON; some of them in one release only. */
const AS_JSON = /^(object|boolean|number)$|^(array|set|map)|^\w*Array\b|error/i;
/** Formats whose text it shows, or reads as hexadecimal. */
const AS_TEXT = /^(string|buffer)\[\d+\]$|^(regexp|function|null|undefined|[A-Za-z_$][\w$]{0,60})$/;
const HEXADECIMAL = /^([0-9a-f]{2})*[0-9a-f]?$/i;
/** Numbers that JSON does not know. */
const NO_JSON = new Set(['NaN', 'Infinity', '-Infinity']);

/** @param {unknown} value */
const isText = (value) => typeof value === 'string' || typeof value === 'number';

/**
 * What `data` has to be, by `type`.
 *
 * @type {Record<string, (data: unknown) => boolean>}
 */
const ENCODED = {
  set: Array.isArray,
  array: Array.isArray,
  map: isObject,
  error: isObject,
  number: isText,
  bigint: isText,
  regexp: isText,
  undefined: () => true,
  function: () => true,
  internal: () => true
};

/** @param {string} type */
const checkOf = (type) => (Object.hasOwn(ENCODED, type) ? ENCODED[type] : /^\w+Array$/.test(type) && Array.isArray);

/** @param {Record<string, unknown>} value */
function isSound(value) {
  if (Object.hasOwn(value, 'hasOwnProperty')) {
    return false;
  }
  const { __enc__: encoded, type, data, length } = value;
  const isBuffer = type === 'Buffer' && Object.hasOwn(value, 'data');
  if (!encoded && !isBuffer) {
    return true;
  }
  if (length !== undefined && typeof length !== 'number') {
    return false;
  }
  if (isBuffer) {
    return Array.isArray(data) || (isObject(data) && Boolean(data.__enc__));
  }
  const check = typeof type === 'string' && checkOf(type);
  return Boolean(check && check(data));
}

/**
 * Whether the editor can show what JSON text has come to.
 *
 * @param {unknown} value
 */
function canBeShown(value) {
  const left = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (Array.isArray(one)) {
      left.push(...one);
    } else if (isObject(one)) {
      if (!isSound(one)) {
        return false;
      }
      left.push(...Object.values(one));
    }
  }
  return true;
}

/**
 * @param {string} msg
 * @param {string} format
 */
function isReadable(msg, format) {
  if (format === 'number' && NO_JSON.has(msg)) {
    return true;
  }
  if (AS_JSON.test(format)) {
    try {
      return canBeShown(JSON.parse(msg));
    } catch {
      return false;
    }
  }
  return AS_TEXT.test(format) && (!format.startsWith('buffer') || HEXADECIMAL.test(msg));
}

/**
 * Text and format of a debug message as the editor can be given them, whoever has written them. What it could not show
 * as it is, is a plain text.
 *
 * @param {string} msg
 * @param {unknown} format
 * @returns {{ msg: string, format: string }}
 */
function shownPayload(msg, format) {
  return typeof format === 'string' && format.length <= 200 && isReadable(msg, format)
    ? { msg, format }
    : { msg, format: `string[${msg.length}]` };
}

module.exports = { shownPayload };
