'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { asCredentials, decrypt, encrypt, isCredentials, isEncrypted, open } = require('../../lib/flows/credentials');

const PLAIN = { n1: { password: 'hunter2', user: 'Zoë' }, n2: { map: { A: 'x' } } };

function hasCode(error) {
  assert.equal(error.code, 'ERR_VALKEY_CREDENTIALS');
  assert.doesNotMatch(error.message, /hunter2|right|wrong|password/);
  return true;
}

test('reads a text that Node-RED 4.1 has encrypted', () => {
  // From a flows_cred.json; the secret is the word below.
  const stored = { $: 'c444f31d1c91b663926ad67786b5f7d15Tqm5Cxjyrx1jAw8aR/kF05TweN3IG5+GdEEdkygpKCm' };
  assert.deepEqual(decrypt('fixture-secret', stored), { c1: { secret: 'from Node-RED' } });
});

test('gives back what it encrypted, with a new text each time', () => {
  const one = encrypt('right', PLAIN);
  const two = encrypt('right', PLAIN);
  assert.notEqual(one.$, two.$);
  assert.match(one.$, /^[0-9a-f]{32}[A-Za-z0-9+/]+=*$/);
  assert.deepEqual(decrypt('right', one), PLAIN);
  assert.deepEqual(decrypt('right', two), PLAIN);
});

test('refuses what does not decrypt to an object, without a word of it', () => {
  assert.throws(() => decrypt('wrong', encrypt('right', PLAIN)), hasCode);
  for (const value of [[PLAIN], 'hunter2', 7, null]) {
    assert.throws(() => decrypt('right', encrypt('right', value)), hasCode);
  }
  for (const broken of ['', 'zz', 'hunter2', encrypt('right', PLAIN).$.slice(0, 40), 7, null, undefined]) {
    assert.throws(() => decrypt('right', { $: broken }), hasCode);
  }
  assert.throws(() => decrypt('right', PLAIN), hasCode);
  assert.throws(() => decrypt(undefined, encrypt('right', PLAIN)), hasCode);
  assert.throws(() => encrypt(undefined, PLAIN), hasCode);
});

test('knows the encrypted form', () => {
  assert.equal(isEncrypted({ $: 'x' }), true);
  for (const other of [{}, PLAIN, null, undefined, [], '$']) {
    assert.equal(isEncrypted(other), false);
  }
});

test('opens with the first candidate that fits', () => {
  const stored = encrypt('right', PLAIN);
  assert.deepEqual(open(stored, [undefined, 'wrong', false, '', 'right']), { plain: PLAIN, secret: 'right' });
  assert.deepEqual(open(encrypt('', PLAIN), ['wrong', '']), { plain: PLAIN, secret: '' });
  assert.deepEqual(open(PLAIN, ['right']), { plain: PLAIN, secret: undefined });
  assert.deepEqual(open({}, []), { plain: {}, secret: undefined });
  assert.deepEqual(open(undefined, []), { plain: {}, secret: undefined });
});

test('tells a missing secret from one that does not fit', () => {
  const stored = encrypt('right', PLAIN);
  assert.throws(
    () => open(stored, [undefined, false]),
    (error) => hasCode(error) && /has no secret.*credentialSecret/.test(error.message)
  );
  assert.throws(() => open(stored, []), /has no secret/);
  assert.throws(
    () => open(stored, ['wrong', 'wronger']),
    (error) => hasCode(error) && /\(2 tried\).*credentialSecret/.test(error.message)
  );
  assert.throws(() => open([PLAIN], ['right']), hasCode);
});

test('takes an empty array, which Node-RED can write, for no credentials', () => {
  assert.deepEqual(asCredentials([]), {});
  assert.deepEqual(open([], ['right']), { plain: {}, secret: undefined });
  assert.deepEqual(open(encrypt('right', []), ['right']), { plain: {}, secret: 'right' });
  for (const value of [{}, PLAIN, encrypt('right', [])]) {
    assert.equal(asCredentials(value), value);
    assert.ok(isCredentials(value));
  }
  assert.ok(isCredentials([]));
  for (const value of [[PLAIN], null, undefined, 'x', 7]) {
    assert.equal(asCredentials(value), value);
    assert.ok(!isCredentials(value));
  }
});
