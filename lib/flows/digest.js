'use strict';

const { createHash } = require('node:crypto');

const COMMENTS = /\/\/.*|\/\*[\s\S]*?\*\//g;

/**
 * Of functions what they do, for what is relied on in a release: their bodies without comments and spaces.
 *
 * @param {unknown[]} functions
 */
function digestOf(functions) {
  const bodies = functions.map((each) => {
    const source = String(each).replace(COMMENTS, '').replace(/\s+/g, '');
    return source.slice(source.indexOf('{'));
  });
  return createHash('sha256').update(bodies.join('\n')).digest('hex').slice(0, 32);
}

module.exports = { digestOf };
