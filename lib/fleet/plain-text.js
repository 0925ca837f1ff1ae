'use strict';

/** Controls, what turns the direction of text, broken pairs, and what separates lines. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu;

/** Nearly all texts. To look at one for the above has Node.js read tables of Unicode: 2 MB of memory. */
const PRINTABLE = /^[ -~]*$/;

/** The first half of a character that was cut. */
const HALF_AT_END = /[\uD800-\uDBFF]$/;

/**
 * A text of one line, of no more than so many characters, without anything that a terminal or an editor would obey.
 *
 * @param {unknown} value what is no text gives an empty one
 * @param {number} most
 */
function plainText(value, most) {
  if (typeof value !== 'string') {
    return '';
  }
  // Cut before, too: of a text of megabytes the rest is not looked at.
  const part = value.slice(0, most * 4);
  const text = (PRINTABLE.test(part) ? part : part.replace(CONTROLS, ' ')).trim();
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(HALF_AT_END, '')}…`;
}

module.exports = { plainText };
