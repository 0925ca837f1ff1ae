'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createBackoff } = require('../lib/backoff');

test('waits double until the longest', () => {
  const backoff = createBackoff({ first: 1000, longest: 30_000 });
  const waits = Array.from({ length: 7 }, backoff.nextWait);
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});
