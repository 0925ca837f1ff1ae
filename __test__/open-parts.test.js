'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { openParts } = require('../lib/open-parts');

test('parts are closed once, the last first', async () => {
  const closed = [];
  const opened = await openParts(async (onClose) => {
    onClose(() => closed.push('one'));
    onClose(async () => closed.push('two'));
    return { value: 1 };
  });
  assert.equal(opened.value, 1);
  assert.deepEqual(closed, []);
  await opened.close();
  await opened.close();
  assert.deepEqual(closed, ['two', 'one']);
});

test('what fails on the way closes what was opened, and is what is told', async () => {
  const closed = [];
  const opening = openParts(async (onClose) => {
    onClose(() => closed.push('one'));
    throw new Error('no second');
  });
  await assert.rejects(opening, /no second/);
  assert.deepEqual(closed, ['one']);
  const both = openParts(async (onClose) => {
    onClose(() => closed.push('first'));
    onClose(() => Promise.reject(new Error('not closed')));
    throw new Error('not opened');
  });
  await assert.rejects(both, /not opened/);
  assert.deepEqual(closed, ['one', 'first']);
});
