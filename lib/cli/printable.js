'use strict';

/** Controls, among them those that move a cursor or colour a terminal, what turns the direction of text, and broken pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * A text that others may have written, fit for a terminal: one line, without anything that the terminal would obey.
 *
 * @param {unknown} text
 */
function printable(text) {
  return String(text).replace(UNPRINTABLE, '\u{FFFD}');
}

module.exports = { printable };
