'use strict';

/** A log as `lib/log.js` makes it, and what was said: `{ log, lines }`, a line as `warn: text`. */
function createLogLines() {
  const lines = [];
  const keep = (level) => (text) => lines.push(`${level}: ${text}`);
  return { lines, log: { error: keep('error'), warn: keep('warn'), info: keep('info'), debug: keep('debug') } };
}

module.exports = { createLogLines };
