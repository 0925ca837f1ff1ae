'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { shared } = require('../../lib/context/shared.js');
const { openStore } = require('./support/opened-store.js');

const MISUSED = { code: 'ERR_VALKEY_CONTEXT_OPERATION' };

/** Sets an operation, and waits for what comes of it. */
async function perform(store, key, operation) {
  store.set('global', key, operation);
  return operation;
}

test('operations give what came of them, and the value is there then', async () => {
  const store = openStore();
  assert.equal(await perform(store, 'count', shared.incr()), 1);
  assert.equal(await perform(store, 'count', shared.incr(4)), 5);
  assert.equal(store.get('global', 'count'), 5);
  assert.equal(await perform(store, 'once', shared.setIfAbsent({ at: new Date(5) })), true);
  assert.equal(await perform(store, 'once', shared.setIfAbsent(2)), false);
  assert.deepEqual(store.get('global', 'once'), { at: new Date(5) });
  assert.equal(await perform(store, 'list', shared.push('a')), 1);
  assert.equal(await perform(store, 'list', shared.push({ b: 1 })), 2);
  assert.deepEqual(store.get('global', 'list'), ['a', { b: 1 }]);
  assert.equal(await perform(store, 'list', shared.expire(60)), true);
  assert.deepEqual(
    await perform(
      store,
      'list',
      shared.update((list) => list.slice(1))
    ),
    [{ b: 1 }]
  );
  assert.deepEqual(store.get('global', 'list'), [{ b: 1 }]);
  assert.equal(
    await perform(
      store,
      'list',
      shared.update(() => undefined)
    ),
    undefined
  );
  assert.deepEqual(store.keys('global'), ['count', 'once']);
});

test('operations on a part of a value', async () => {
  const store = openStore();
  assert.equal(await perform(store, 'all.count', shared.incr(2)), 2);
  assert.equal(await perform(store, 'all.list[0]', shared.setIfAbsent('first')), true);
  assert.equal(await perform(store, 'all.list', shared.push('second')), 2);
  assert.deepEqual(store.get('global', 'all'), { count: 2, list: ['first', 'second'] });
  await assert.rejects(perform(store, 'all.count', shared.expire(5)), MISUSED);
  await assert.rejects(perform(store, 'all.list', shared.incr()), MISUSED);
  await assert.rejects(perform(store, 'all.count.x', shared.incr()), MISUSED);
});

test('an update is done again on what another instance has set meanwhile', async () => {
  const { core, ...store } = openStore();
  store.set('global', 'n', 1);
  const seen = [];
  const operation = shared.update((n) => {
    seen.push(n);
    if (seen.length < 4) {
      core.put('global', 'n', JSON.stringify(n * 10));
    }
    return n + 1;
  });
  assert.equal(await perform(store, 'n', operation), 1001);
  assert.deepEqual(seen, [1, 10, 100, 1000]);
});

test('a callback is called when all operations of its call have ended', async () => {
  const store = openStore();
  const [error] = await new Promise((resolve) => {
    store.set('global', ['a', 'b', 'c'], [shared.incr(), 5, shared.push(1)], (...answer) => resolve(answer));
  });
  assert.equal(error, undefined);
  assert.deepEqual(store.get('global', ['a', 'b', 'c']), [1, 5, [1]]);
  const failure = await new Promise((resolve) => {
    store.set('global', 'a.b', shared.expire(5), resolve);
  });
  assert.equal(failure.code, MISUSED.code);
});

test('misuse is told, and waits for nothing', async () => {
  const store = openStore();
  for (const make of [
    () => shared.incr('1'),
    () => shared.incr(NaN),
    () => shared.update(5),
    () => shared.setIfAbsent(),
    () => shared.push(),
    () => shared.expire(0),
    () => shared.expire('5')
  ]) {
    assert.throws(make, MISUSED);
  }
  const twice = shared.incr();
  assert.equal(await perform(store, 'n', twice), 1);
  const second = await new Promise((resolve) => {
    store.set('global', 'n', twice, resolve);
  });
  assert.equal(second.code, MISUSED.code);
  assert.equal(store.get('global', 'n'), 1);
  await assert.rejects(async () => shared.incr(), MISUSED);
  await assert.rejects(
    perform(
      store,
      'f',
      shared.push(() => {})
    ),
    MISUSED
  );
});

test('an operation that is set a second time is refused at once, and breaks nothing', async () => {
  const store = openStore();
  const twice = shared.incr();
  store.set('global', 'a', twice);
  assert.throws(() => store.set('global', 'b', twice), MISUSED);
  assert.equal(await twice, 1);
  const late = shared.incr();
  await assert.rejects(async () => late, MISUSED);
  assert.throws(() => store.set('global', 'b', late), MISUSED);
  assert.throws(() => store.set('global', ['c', 'b'], [shared.expire(5), late]), MISUSED);
  assert.deepEqual(store.keys('global'), ['a']);
  // An unhandled rejection would fail this test.
  await new Promise(setImmediate);
});

test('one of another copy of the module may reject, and nobody has to wait for it', async () => {
  const store = openStore();
  const foreign = { [Symbol.for('node-red-storage-valkey.context.operation')]: () => Promise.reject(new Error('no')) };
  store.set('global', 'a', foreign);
  await new Promise(setImmediate);
  const error = await new Promise((resolve) => {
    store.set('global', 'a', foreign, resolve);
  });
  assert.equal(error.message, 'no');
});

test('an operation that nobody waits for fails in silence for the process', async () => {
  const store = openStore();
  store.set('global', 'a', 'text');
  store.core.background.incr = async () => {
    throw Object.assign(new Error('away'), { code: 'ERR_VALKEY_UNAVAILABLE' });
  };
  store.set('global', 'a', shared.incr());
  // An unhandled rejection would fail this test.
  await new Promise(setImmediate);
});
