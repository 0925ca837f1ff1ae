'use strict';

const { Writable } = require('node:stream');

/** An output whose text is kept; not a terminal unless it is made one. */
function collected(properties = {}) {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    }
  });
  return Object.assign(stream, { text: () => chunks.join('') }, properties);
}

module.exports = { collected };
