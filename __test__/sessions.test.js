'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { sessionsIn } = require('../lib/sessions');

test('sessions are an object, whatever is in it', () => {
  assert.deepEqual(sessionsIn('{"token":{"user":"ada","expires":1}}'), { token: { user: 'ada', expires: 1 } });
  assert.deepEqual(sessionsIn(' {}\n'), {});
  for (const text of ['', '[]', '{', '{"a":', 'null', '"text"', '7', 'secret', '{}{}', '['.repeat(100_000)]) {
    assert.equal(sessionsIn(text), null, text.slice(0, 20));
  }
});
