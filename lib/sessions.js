'use strict';

const { isObject } = require('./is-object');

/**
 * The log-in sessions in a text from the server; null where it is none of them. The core hands it over as it is: to look
 * whether it is well-formed costs as much as to read it.
 *
 * @param {string} text
 * @returns {object | null}
 */
function sessionsIn(text) {
  try {
    const sessions = JSON.parse(text);
    return isObject(sessions) ? sessions : null;
  } catch {
    return null;
  }
}

module.exports = { sessionsIn };
