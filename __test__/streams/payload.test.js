'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { shownPayload } = require('../../lib/streams/show/payload');
const util = require('@node-red/util').util;

const kept = ({ msg, format }) => assert.deepEqual(shownPayload(msg, format), { msg, format });
const asText = ({ msg, format }) =>
  assert.deepEqual(shownPayload(msg, format), { msg, format: `string[${msg.length}]` });

test('what Node-RED has made of a message is shown as it is', () => {
  const values = [
    'text',
    7,
    NaN,
    Infinity,
    true,
    null,
    undefined,
    [1, 'a', { b: [null] }],
    Array(2000).fill(1),
    new Uint8Array(3),
    {
      a: { b: new Map([['c', 1]]) },
      d: new Set([1]),
      e: Buffer.from('abc'),
      f() {},
      g: /x/,
      h: 1n,
      i: NaN,
      j: undefined
    },
    new Set([1, 2]),
    new Map([['a', 1]]),
    Buffer.from('hello'),
    new Error('wrong'),
    /a+/,
    new Date(0)
  ];
  for (const value of values) {
    const { msg, format } = util.encodeObject({ msg: value }, { maxLength: 1000 });
    assert.equal(typeof msg, 'string');
    kept({ msg, format });
  }
});

test('what would stop the sidebar, or be put into it as HTML, is a text', () => {
  const html = '<img src=x onerror=alert(1)>';
  const objects = [
    { __enc__: true, type: 'set', data: { length: html }, length: html },
    { __enc__: true, type: 'array', data: [1], length: html },
    { a: { type: 'Buffer', data: { length: html } } },
    { type: 'Buffer', data: [1], length: html },
    [{ b: { __enc__: true, type: { toLowerCase: 1 }, data: {} } }],
    { __enc__: true, type: 'map', data: null },
    { __enc__: true, type: 'number', data: { toString: null } },
    { __enc__: true, type: 'nothing', data: {} },
    { hasOwnProperty: 1 }
  ];
  for (const object of objects) {
    for (const format of ['Object', 'array[3]', 'set[1]', 'map', 'error', 'Int8Array[1]']) {
      asText({ msg: JSON.stringify(object), format });
    }
  }
  for (const format of ['Object', 'number', 'boolean', 'array[1]', 'settings', 'mapper', 'MyError', 'Uint8Array']) {
    asText({ msg: '{ no JSON', format });
  }
  asText({ msg: 'no hex', format: 'buffer[6]' });
  asText({ msg: 'x', format: html });
  asText({ msg: 'x', format: 7 });
  asText({ msg: 'x', format: undefined });
});
