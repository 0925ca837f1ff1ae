'use strict';

// The editor looks a notice's text up as a key of its translations, where dots, colons and double
// underscores mean something, and shows what comes of it as HTML.

/** In characters: what comes from outside has no end of its own. */
const MOST_TEXT = 1500;

/** What means nothing in a key, in interpolations and in HTML. */
const PLAIN = /[^A-Za-z0-9 ]/gu;

/** @param {string} character */
const asReference = (character) => `&#${character.codePointAt(0)};`;

/** A notice stays until it is over; without a button it would lie on the flows as long. */
const CLOSE =
  '<div class="ui-dialog-buttonset"><button type="button" onclick="this&#46;closest(&#39;&#46;red-ui-notification&#39;)&#46;hideNotification()">Close</button></div>';

/**
 * Text as the editor has to be given it so that nothing but the text is shown, whoever has written
 * it, with a button that puts it away.
 *
 * @param {string} text
 */
function markup(text) {
  const short = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
  // eslint-disable-next-line no-control-regex
  const line = short.replace(/[\u0000-\u001f\u007f]+/g, ' ');
  return `<p>${line.replace(PLAIN, asReference)}</p>${CLOSE}`;
}

module.exports = { markup };
