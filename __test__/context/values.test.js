'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const vm = require('node:vm');

const { decode, encode, isContainer } = require('../../lib/context/values.js');

const back = (value) => decode(encode(value).text);

/** In the realm of a Function node. */
const foreign = (source) => vm.runInNewContext(`(${source})`, { Buffer });

test('what JSON has a form for is plain JSON', () => {
  for (const value of [1, -2.5, '', 'a"b', true, null, [], [1, [null]], {}, { a: { b: [1] } }]) {
    assert.equal(encode(value).text, JSON.stringify(value));
    assert.deepEqual(back(value), value);
  }
  assert.equal(encode({ a: undefined, b: 1 }).text, '{"b":1}');
});

test('what JSON has no form for comes back as what it was', () => {
  for (const value of [
    NaN,
    Infinity,
    -Infinity,
    -0,
    new Date(5),
    Buffer.from([0, 255]),
    new Uint16Array([1, 65535]),
    new BigInt64Array([-1n]),
    new Uint8Array([1, 2]).buffer,
    new Map([[{ a: 1 }, new Set([NaN])]]),
    /a+"/giu,
    [undefined, 1],
    { deep: [{ at: new Date(7) }] },
    { $nodered: 'Date', value: 'mine' },
    { $nodered: { $nodered: 'Map', value: [new Date(1)] } }
  ]) {
    assert.deepEqual(back(value), value);
  }
  assert.ok(Number.isNaN(back(new Date(NaN)).getTime()));
});

test('values of Function nodes are known for what they are', () => {
  const value = foreign(
    '{ at: new Date(5), map: new Map([[1, new Set([2])]]), text: /x/g, bytes: new Uint8Array([1]), buffer: Buffer.from("b"), list: [NaN], plain: {} }'
  );
  assert.deepEqual(back(value), {
    at: new Date(5),
    map: new Map([[1, new Set([2])]]),
    text: /x/g,
    bytes: new Uint8Array([1]),
    buffer: Buffer.from('b'),
    list: [NaN],
    plain: {}
  });
  assert.equal(encode(foreign('{ a: [1, {}] }')).text, '{"a":[1,{}]}');
});

test('an instance of a class is what it says of itself, else its own properties', () => {
  class Moment {
    constructor() {
      this.ms = 5;
    }
    toJSON() {
      return { at: new Date(this.ms) };
    }
  }
  assert.deepEqual(back(new Moment()), { at: new Date(5) });
  class Point {
    x = 1;
    method() {}
  }
  assert.deepEqual(back(new Point()), { x: 1 });
  assert.deepEqual(back(Object('text')), 'text');
});

test('what can live in one process only says where, and what it is', () => {
  const circle = { list: [] };
  circle.list.push(circle);
  const timer = setTimeout(() => {}, 1);
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
  for (const [value, reason, path] of [
    [() => {}, 'a function', []],
    [{ a: [1, () => {}] }, 'a function', ['a', 1]],
    [{ n: 5n }, 'a BigInt', ['n']],
    [[Symbol('s')], 'a symbol', [0]],
    [circle, 'a circular reference', ['list', 0]],
    [foreign('({ self() {} })'), 'a function', ['self']],
    [Promise.resolve(), 'bound to this process', []]
  ]) {
    assert.deepEqual(encode(value), { reason, path });
  }
  assert.match(encode(timer).reason, /function|circular/);
  clearTimeout(timer);
  assert.equal(encode(deep).reason, 'too deep');
  const unreadable = {
    get secret() {
      throw new Error('no');
    }
  };
  assert.match(encode({ unreadable }).reason, /can't be read \(no\)/);
});

test('the same object twice is no circle', () => {
  const one = { at: new Date(1) };
  assert.deepEqual(back([one, one]), [one, one]);
});

test('hostile texts change nothing but what is read', () => {
  const value = decode('{"$nodered":"Object","value":{"__proto__":{"$nodered":"Date","value":"2020-01-01"}}}');
  assert.equal({}.polluted, undefined);
  assert.ok(Object.hasOwn(value, '__proto__'));
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  for (const text of [
    '{"$nodered":"RegExp","value":["(",""]}',
    '{"$nodered":"RegExp"}',
    '{"$nodered":"Map","value":5}',
    '{"$nodered":"constructor","value":1}',
    '{"$nodered":"Unknown"}'
  ]) {
    assert.deepEqual(decode(text), JSON.parse(text), text);
  }
  assert.throws(() => decode('no JSON'));
});

test('a path leads into plain objects and arrays only', () => {
  for (const value of [{}, [], foreign('{}'), foreign('[]'), Object.create(null)]) {
    assert.ok(isContainer(value));
  }
  for (const value of [null, 1, 'a', new Date(), new Map(), { $nodered: 1 }, Buffer.alloc(1), () => {}]) {
    assert.ok(!isContainer(value));
  }
});
