'use strict';

const { codedError } = require('../errors');
const { printable } = require('./printable');

/**
 * The number of an entry of the history.
 *
 * @param {string} text
 */
function sequenceOf(text) {
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    throw codedError('ERR_VALKEY_OPTION', `an entry of the history is named by its number, not '${printable(text)}'`);
  }
  return Number(text);
}

module.exports = { sequenceOf };
