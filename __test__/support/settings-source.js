'use strict';

// Writes a settings.js from an object that may hold functions and pieces of source text.

class Raw {
  constructor(text) {
    this.text = text;
  }
}

/** A piece of JavaScript to stand in the settings file as it is, e.g. raw('process.env.SECRET'). */
function raw(text) {
  return new Raw(text);
}

function isExpression(text) {
  try {
    new Function(`return (${text});`);
    return true;
  } catch {
    return false;
  }
}

function functionSource(fn, name) {
  const text = fn.toString();
  // `{ retryStrategy(times) { … } }` prints without the word that makes it an expression.
  return isExpression(text) ? text : `({ ${text} })[${JSON.stringify(fn.name || name)}]`;
}

/** The source text of a value: JSON, and also functions, undefined, RegExp, Buffer and raw(). */
function toSource(value, name = '') {
  if (value instanceof Raw) {
    return value.text;
  }
  if (typeof value === 'function') {
    return functionSource(value, name);
  }
  if (Buffer.isBuffer(value)) {
    return `Buffer.from('${value.toString('base64')}', 'base64')`;
  }
  if (value instanceof RegExp) {
    return value.toString();
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => toSource(item)).join(', ')}]`;
  }
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${toSource(item, key)}`);
    return `{\n${entries.join(',\n')}\n}`;
  }
  return typeof value === 'number' || typeof value === 'bigint' || value === undefined
    ? String(value)
    : JSON.stringify(value);
}

/** The text of a settings.js; `head` comes before the export and may define what it uses. */
function settingsSource(settings, head = '') {
  return `'use strict';\n${head}\nmodule.exports = ${toSource(settings)};\n`;
}

module.exports = { raw, settingsSource };
