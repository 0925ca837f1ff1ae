'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { knownSecrets, withoutKnown } = require('../lib/known-secrets');

test('secrets are found by the names of their options, in inner ones and lists, too', () => {
  const valkey = {
    keyPrefix: 'plant:',
    password: 'one-1',
    sentinels: [{ host: 'a', sentinelPassword: 'two-2' }],
    state: { username: 'state', password: 'three-3' },
    tls: { key: 'four-4', passphrase: 'five-5', ca: Buffer.from('no secret') }
  };
  assert.deepEqual(knownSecrets({ valkey, credentialSecret: 'six-6' }).sort(), [
    'five-5',
    'four-4',
    'one-1',
    'six-6',
    'three-3',
    'two-2'
  ]);
  assert.deepEqual(knownSecrets({ credentialSecret: false }), []);
});

test('options that hold themselves end', () => {
  const valkey = { password: 'one-1' };
  valkey.inner = valkey;
  assert.deepEqual(knownSecrets({ valkey }), ['one-1']);
});

test('they are taken out of a text; what is short, or no text, stays', () => {
  assert.equal(withoutKnown('one-1 and one-1, abc', ['one-1', 'abc', '', undefined, 7]), '*** and ***, abc');
});
