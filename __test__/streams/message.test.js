'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { checkedWatch, isWatched, union } = require('../../lib/streams/kinds');
const { readMessage } = require('../../lib/streams/show/message');

const read = (message) => readMessage(JSON.stringify(message));
const from = { id: 'w1', name: 'site-a-1' };

test('messages are taken apart', () => {
  assert.equal(read({ ...from, kind: 'debug', data: { msg: 'x', id: 'n1' } }).said.id, 'n1');
  assert.equal(read({ ...from, kind: 'log', data: { msg: 'x', level: '20' } }).said.level, 20);
  assert.deepEqual(read({ ...from, kind: 'left out', data: { count: 3 } }), {
    worker: from,
    kind: 'left out',
    count: 3
  });
  assert.deepEqual(
    read({
      ...from,
      kind: 'status',
      data: {
        first: true,
        statuses: [
          ['n1', { text: 'a', fill: 'red', shape: 'dot' }],
          ['n2', null]
        ]
      }
    }),
    {
      worker: from,
      kind: 'status',
      first: true,
      statuses: [
        ['n1', { text: 'a', fill: 'red', shape: 'dot' }],
        ['n2', null]
      ]
    }
  );
  assert.deepEqual(read({ id: 'w1', kind: 'left out', data: { count: 1 } }).worker, { id: 'w1', name: 'w1' });
});

test('what is none is nothing', () => {
  for (const text of ['', '{', 'null', '7', '[]', '"x"', '{}']) {
    assert.equal(readMessage(text), null, text);
  }
  for (const other of [
    { ...from, kind: 'debug' },
    { ...from, kind: 'debug', data: { msg: { a: 1 } } },
    { ...from, kind: 'command', data: { msg: 'x' } },
    { ...from, kind: '__proto__', data: { msg: 'x' } },
    { kind: 'debug', data: { msg: 'x' } },
    { id: 7, kind: 'debug', data: { msg: 'x' } },
    { ...from, kind: 'left out', data: { count: -1 } },
    { ...from, kind: 'left out', data: { count: 1e300 } }
  ]) {
    assert.equal(read(other), null, JSON.stringify(other));
  }
});

test('names and ids are short, and have nothing that turns or breaks a line', () => {
  const { worker, said } = read({
    id: 'w1',
    name: `a\u202eb\n\u0007${'x'.repeat(500)}`,
    kind: 'debug',
    data: { msg: 'x', name: { toString: 1 }, id: 7, level: 5, time: '7', format: 3, tools: ['x'] }
  });
  assert.match(worker.name, /^a b {2}x+$/);
  assert.equal(worker.name.length, 255);
  assert.deepEqual(JSON.parse(JSON.stringify(said)), { msg: 'x' });
});

test('of statuses nothing is taken but what the editor knows', () => {
  const statuses = [
    ['n1', { text: 'a\u0000b', fill: 'url(javascript:x)', shape: 'blob', more: 1 }],
    ['n2', 'text'],
    ['n3', { text: { a: 1 }, fill: 'blue' }],
    [{}, { text: 'x' }],
    'n4',
    ['a\nb', { text: 'x' }]
  ];
  assert.deepEqual(read({ ...from, kind: 'status', data: { statuses } }).statuses, [
    ['n1', { text: 'a b', fill: undefined, shape: undefined }],
    ['n2', null],
    ['n3', { text: '', fill: 'blue', shape: undefined }]
  ]);
  assert.deepEqual(read({ ...from, kind: 'status', data: { statuses: {} } }).statuses, []);
});

test('what is looked at is checked, put together and found again', () => {
  assert.deepEqual(checkedWatch({ w1: ['log', 'debug', 'log'], w2: [] }), { w1: ['debug', 'log'] });
  for (const other of [
    null,
    [],
    'x',
    { w1: 'debug' },
    { w1: ['other'] },
    { '': ['debug'] },
    { ['w'.repeat(256)]: ['log'] }
  ]) {
    assert.equal(checkedWatch(other), null, JSON.stringify(other));
  }
  const all = union([{ w1: ['log'] }, { w1: ['debug'], '*': ['status'] }]);
  assert.deepEqual(all, { w1: ['debug', 'log'], '*': ['status'] });
  assert.ok(isWatched(all, { id: 'x', name: 'w1' }, 'log') && isWatched(all, { id: 'x', name: 'y' }, 'status'));
  assert.ok(!isWatched(all, { id: 'x', name: 'constructor' }, 'log'));
});
