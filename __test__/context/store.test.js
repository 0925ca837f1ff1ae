'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { CoreInMemory } = require('./support/core-in-memory.js');
const { openStore } = require('./support/opened-store.js');

test('whole values of one call are one write, a path is told as such', () => {
  const { core, ...store } = openStore();
  store.set('global', ['a', 'b'], [1]);
  store.set('global', 'o', { list: [] });
  store.set('global', 'o.list[0]', 'x');
  store.set('global', 'o.list', undefined);
  assert.deepEqual(core.calls, [
    ['set', 'global', ['a', 'b'], ['1', 'null']],
    ['set', 'global', ['o'], ['{"list":[]}']],
    ['setPath', 'global', 'o', '["list",0]', '"x"'],
    ['setPath', 'global', 'o', '["list"]', null]
  ]);
});

test('an object is the same one until somebody else changes it', () => {
  const { core, cache, ...store } = openStore();
  const given = { n: 1 };
  store.set('global', 'o', given);
  assert.equal(store.get('global', 'o'), given);
  core.put('global', 'o', '{"n":2}');
  cache.drop('global', 'o');
  assert.deepEqual(store.get('global', 'o'), { n: 2 });
  assert.equal(store.get('global', 'o'), store.get('global', 'o'));
  assert.equal(given.n, 1);
});

test('what was changed without being set is told once a key', () => {
  const { core, cache, lines, ...store } = openStore();
  for (let round = 0; round < 3; round += 1) {
    store.set('global', 'o', { n: 1 });
    store.get('global', 'o').n = 2;
    core.put('global', 'o', '{"n":3}');
    cache.drop('global', 'o');
    assert.deepEqual(store.get('global', 'o'), { n: 3 });
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0], /'o' of global was changed without 'set'/);
});

test('a value that can not be shared stays, is in keys and is told of once', () => {
  const { core, cache, lines, ...store } = openStore();
  const value = { run() {} };
  store.set('tab', 'f', value);
  store.set('tab', 'f', value);
  assert.equal(store.get('tab', 'f'), value);
  assert.deepEqual(store.keys('tab'), ['f']);
  assert.deepEqual(core.names('tab'), []);
  cache.dropAll();
  assert.equal(store.get('tab', 'f'), value);
  assert.deepEqual(lines, ["context: 'f.run' of tab holds a function: 'f' is kept in this process and not shared"]);
  core.put('tab', 'f', '"of another"');
  cache.dropAll();
  assert.equal(store.get('tab', 'f'), 'of another');
});

test('a value with a part that can not be shared is shared again without it', () => {
  const { core, ...store } = openStore();
  store.set('tab', 'o', { n: 1 });
  store.set('tab', 'o.f', () => {});
  store.set('tab', 'o.n', 2);
  assert.equal(core.text('tab', 'o'), '{"n":1}');
  store.set('tab', 'o.f', undefined);
  assert.equal(core.text('tab', 'o'), '{"n":2}');
});

test('a part that the core can not set is shared with the whole value', () => {
  const { core, ...store } = openStore();
  store.set('global', 'o', { a: 1, b: { c: 1 } });
  core.setPath = () => false;
  store.set('global', 'o.b.c', 2);
  assert.equal(core.text('global', 'o'), '{"a":1,"b":{"c":2}}');
  store.set('global', 'o.b', undefined);
  assert.equal(core.text('global', 'o'), '{"a":1}');
  assert.deepEqual(store.get('global', 'o'), { a: 1 });
  core.maxValue = 8;
  assert.throws(() => store.set('global', 'o.b', 2), { code: 'ERR_VALKEY_CONTEXT_LIMIT' });
  assert.deepEqual(store.get('global', 'o'), { a: 1 });
  assert.equal(core.text('global', 'o'), '{"a":1}');
});

test('a value over the limit is refused, and nothing of it stays', () => {
  const store = openStore(new CoreInMemory({ maxValue: 20 }));
  const limit = { code: 'ERR_VALKEY_CONTEXT_LIMIT' };
  store.set('global', 'o', { a: 1 });
  assert.throws(() => store.set('global', 'big', 'x'.repeat(30)), limit);
  assert.throws(() => store.set('global', 'o.b', 'x'.repeat(30)), limit);
  assert.deepEqual(store.get('global', ['o', 'big']), [{ a: 1 }, undefined]);
  assert.deepEqual(store.keys('global'), ['o']);
  let told;
  store.set('global', 'big', 'x'.repeat(30), (error) => {
    told = error;
  });
  assert.equal(told.code, limit.code);
  store.set('global', 'o', undefined);
  assert.deepEqual(store.keys('global'), []);
});

test('hostile names and texts in the core are values like others', () => {
  const { core, lines, ...store } = openStore();
  core.put('global', '__proto__', '{"polluted":true}');
  core.put('global', 'constructor', '1');
  core.put('global', 'broken', '{');
  assert.deepEqual(store.get('global', '__proto__'), { polluted: true });
  assert.equal(store.get('global', 'constructor'), 1);
  assert.equal(store.get('global', 'toString'), undefined);
  assert.equal(store.get('global', 'broken'), undefined);
  assert.deepEqual(store.keys('global'), ['__proto__', 'constructor', 'broken']);
  store.set('global', '__proto__.x', 1);
  store.set('global', 'o.__proto__.x', 1);
  assert.equal({}.polluted, undefined);
  assert.equal({}.x, undefined);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /'broken' of global can't be read/);
});

test('names that are looked for in vain are noted within bounds', () => {
  const store = openStore();
  store.set('global', 'there', 1);
  for (let i = 0; i < 25_000; i += 1) {
    assert.equal(store.get('global', `name${i}`), undefined);
  }
  assert.equal(store.get('global', 'there'), 1);
  assert.ok(store.cache.size() <= 10_001);
});

test('nothing is noted of names that were set and removed', () => {
  const store = openStore();
  store.set('global', 'there', 1);
  for (let i = 0; i < 1000; i += 1) {
    store.set('global', `name${i}`, i);
    store.set('global', `name${i}`, undefined);
    store.set('global', [`x${i}`, `y${i}`], [{}, () => {}]);
    store.set('global', [`x${i}`, `y${i}`], [undefined, undefined]);
    store.set('global', `never${i}`, undefined);
  }
  assert.equal(store.cache.size(), 1);
  assert.deepEqual(store.keys('global'), ['there']);
});
