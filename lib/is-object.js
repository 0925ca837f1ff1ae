'use strict';

/**
 * Whether a value is an object that is no array.
 *
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

module.exports = { isObject };
