'use strict';

const { codedError } = require('./core');

/**
 * `settings.valkey` as JSON text for the core (a function becomes `{"$function":true}`, a Buffer
 * `{"$buffer":"<base64>"}`), and the functions that the core calls.
 */
function optionsAsText(options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw codedError(
      'ERR_VALKEY_OPTION',
      "settings.js needs an object 'valkey', e.g. valkey: { role: 'admin', host: 'localhost' }"
    );
  }
  return { text: JSON.stringify(plain(options, [])), retryStrategy: retryCallback(options.retryStrategy) };
}

function plain(value, parents) {
  if (typeof value === 'function') {
    return { $function: true };
  }
  if (Buffer.isBuffer(value)) {
    return { $buffer: value.toString('base64') };
  }
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (parents.includes(value)) {
    throw codedError('ERR_VALKEY_OPTION', "the object 'valkey' in settings.js refers to itself");
  }
  const within = [...parents, value];
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, within));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, within)]));
}

/** The user's function as the core calls it: never throws, gives ms or null (never again). */
function retryCallback(retryStrategy) {
  if (typeof retryStrategy !== 'function') {
    return undefined;
  }
  return (times) => {
    try {
      const delay = retryStrategy(times);
      return typeof delay === 'number' && Number.isFinite(delay) ? Math.max(0, delay) : null;
    } catch {
      // A strategy that throws says nothing about when to retry: go on as if there were none.
      return Math.min(times * 50, 2000);
    }
  };
}

module.exports = { optionsAsText };
