'use strict';

const SCOPES = ['global', 'tab', 'node:tab', 'a1-b1:a1'];
const NAMES = ['a', 'b', 'count', '10', '2', 'with:colon', '$x', 'set'];
const EXPRESSIONS = [
  'a.b',
  'a.b.c',
  'a[0]',
  'a[1].b',
  'a["c.d"]',
  "b['e f']",
  'b[3]',
  'b.0',
  'count.x',
  'a.length',
  'a[msg.b]',
  '10.y',
  '"with space".z',
  '"with space"'
];
const INVALID = ['a.', '.a', 'a[', 'a[]', 'a b', "a['", 'a[x]'];

const SHAREABLE = [
  () => 1,
  () => -2.5,
  () => 0,
  () => '',
  () => 'text "quoted"',
  () => true,
  () => null,
  () => undefined,
  () => [],
  () => [1, [2, { x: 3 }], null],
  () => ({}),
  () => ({ b: { c: 1 }, 'c.d': [1], length: 5 }),
  () => [{ b: 1 }, { b: 2 }],
  () => ({ $nodered: 'mine', value: [1] }),
  () => NaN,
  () => -Infinity,
  () => new Date(5),
  () => Buffer.from('buffer'),
  () => new Map([['k', { v: new Set([1, 2]) }]]),
  () => ({ at: new Date(7), list: [undefined, NaN] })
];

const noop = () => {};
const symbol = Symbol('s');
const LOCAL = [
  () => noop,
  () => ({ run: noop, n: 1 }),
  () => 5n,
  () => symbol,
  () => {
    const circle = { name: 'circle' };
    circle.self = circle;
    return circle;
  }
];

/**
 * Random calls of a context store, each as `(store) => answer`. The values of two calls of one function are never the
 * same object.
 *
 * @param {ReturnType<import('../../faults/support/random.js').createRandom>} random
 * @param {boolean} shareable whether only what can be shared is set
 */
function randomCall(random, shareable) {
  const pick = random.of;
  /** Once in so many times. */
  const onceIn = (times) => random.whole(1, times) === 1;
  const upTo = (most, make) => Array.from({ length: random.whole(0, most) }, make);
  const values = shareable ? SHAREABLE : [...SHAREABLE, ...LOCAL];
  const scope = pick(SCOPES);
  const oneKey = () => {
    return onceIn(20) ? pick(INVALID) : pick(onceIn(2) ? EXPRESSIONS : NAMES);
  };
  const key = onceIn(5) ? [oneKey(), ...upTo(3, oneKey)] : oneKey();
  const withCallback = onceIn(2);
  const made = Array.isArray(key) && !onceIn(6) ? upTo(5, () => pick(values)) : pick(values);
  const value = () => (Array.isArray(made) ? made.map((make) => make()) : made());
  const method = pick(['get', 'get', 'set', 'set', 'set', 'keys']);
  const args = { get: () => [scope, key], set: () => [scope, key, value()], keys: () => [scope] }[method]();
  return {
    words: `${method}(${JSON.stringify(args.slice(0, 2))}${method === 'set' ? `, ${String(made)}` : ''})`,
    method,
    scope,
    run(store) {
      const given = method === 'set' ? [scope, key, value()] : args;
      try {
        if (!withCallback) {
          return { returned: store[method](...given) };
        }
        let called;
        const returned = store[method](...given, (...answer) => {
          called = answer;
        });
        return { returned, called };
      } catch (error) {
        return { thrown: error };
      }
    }
  };
}

module.exports = { EXPRESSIONS, INVALID, LOCAL, NAMES, SCOPES, SHAREABLE, randomCall };
