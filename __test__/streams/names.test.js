'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createNames } = require('../../lib/streams/show/names');

test('workers are called as the fleet calls them, which is asked for once in a while', async () => {
  let time = 0;
  let asked = 0;
  let answer = async () => [{ id: 'a', name: 'host~1' }];
  const names = createNames({
    read() {
      asked += 1;
      return answer();
    },
    now: () => time
  });
  assert.equal(names.of({ id: 'a', name: 'host' }), 'host');
  await Promise.all([names.refresh(), names.refresh()]);
  await names.refresh();
  assert.equal(asked, 1);
  assert.equal(names.of({ id: 'a', name: 'host' }), 'host~1');
  assert.equal(names.of({ id: 'b', name: 'host' }), 'host');
  assert.equal(names.idOf('host~1'), 'a');
  assert.equal(names.idOf('host'), null);
  time = 60_000;
  answer = () => Promise.reject(new Error('away'));
  await names.refresh();
  assert.equal(asked, 2);
  assert.equal(names.of({ id: 'a', name: 'host' }), 'host~1', 'what was known stays');
});
