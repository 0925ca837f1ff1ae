'use strict';

// Values of options as users give them: texts, bytes of any kind, or what is neither.

/**
 * As in the core, an empty text counts as not given.
 *
 * @param {unknown} value
 */
function isGiven(value) {
  return value !== undefined && value !== null && value !== '';
}

/**
 * @param {unknown} value
 * @returns {value is ArrayBufferView | ArrayBuffer}
 */
function isBytes(value) {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** @param {ArrayBufferView | ArrayBuffer} bytes */
function asBuffer(bytes) {
  return ArrayBuffer.isView(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes);
}

/**
 * What was given in place of what is expected, for an error: nothing of the value itself, it may be a secret.
 *
 * @param {unknown} value
 */
function kindOf(value) {
  return Array.isArray(value) ? 'an array' : `a value of type ${value === null ? 'null' : typeof value}`;
}

/**
 * What environment variables often make of a PEM text.
 *
 * @param {string | Buffer} text
 */
function aboutLineBreaks(text) {
  return text.includes('\\n')
    ? "; its line breaks are written as the two characters '\\n': replace them, with .replace(/\\\\n/g, '\\n')"
    : '';
}

module.exports = { aboutLineBreaks, asBuffer, isBytes, isGiven, kindOf };
