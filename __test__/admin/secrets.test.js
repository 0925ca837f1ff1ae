'use strict';

// Which secret decrypts an admin's credentials, and which of them reaches workers.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { opensWith } = require('../../lib/admin/secrets');
const { encrypt, isEncrypted, open } = require('../../lib/flows/credentials');
const { createAdminDisk } = require('./support/admin-disk');

const PLAIN = { node: { token: 't' } };

/** A loaded Project with this secret of its own. */
function projectWith(credentialSecret) {
  return { name: 'shop', credentialSecret };
}

async function create({ credentialSecret, generated, project }) {
  const admin = createAdminDisk({ settings: { credentialSecret }, stored: { _credentialSecret: generated }, project });
  await admin.local.getFlows(); // which loads a Project
  return admin;
}

for (const [what, given, shared] of [
  ['the generated one', { generated: 'generated' }, 'generated'],
  ['none, where there is none yet', {}, undefined],
  ['none of settings.js', { credentialSecret: 'settings' }, undefined],
  ["that of the Project, and not Node-RED's", { generated: 'generated', project: projectWith('own') }, 'own'],
  ['none for a Project without one', { generated: 'generated', project: projectWith(false) }, undefined]
]) {
  test(`workers get ${what}`, async () => {
    const { secrets } = await create(given);
    assert.equal(secrets.toShare(), shared);
  });
}

test('before Node-RED has its settings there is no generated secret', async () => {
  const { runtime, secrets } = await create({ generated: 'generated' });
  runtime.settings.available = () => false;
  assert.equal(secrets.toShare(), undefined);
  assert.equal(await secrets.adopt('another'), false);
});

test('an admin opens what any of its secrets decrypts, and what is not encrypted', async () => {
  const given = { generated: 'generated', credentialSecret: 'settings', project: projectWith('own') };
  const { secrets } = await create(given);
  for (const secret of ['generated', 'settings', 'own']) {
    assert.ok(secrets.opens(encrypt(secret, PLAIN)), secret);
  }
  assert.ok(secrets.opens(PLAIN));
  assert.ok(secrets.opens({}));
  assert.ok(!secrets.opens(encrypt('unknown', PLAIN)));
  assert.ok(!secrets.opens({ $: 'not what Node-RED writes' }));
});

for (const [what, given, wanted] of [
  ['the generated secret', { generated: 'generated' }, 'generated'],
  // Node-RED goes over to the one of settings.js at its next save, and reads with the generated one before.
  ['the generated secret beside one of settings.js', { generated: 'generated', credentialSecret: 's' }, 'generated'],
  ['a secret of settings.js', { credentialSecret: 'settings' }, 'settings'],
  ['the secret of a Project', { generated: 'generated', project: projectWith('own') }, 'own']
]) {
  test(`credentials from Valkey are encrypted anew with ${what}`, async () => {
    const { secrets } = await create(given);
    const fitted = secrets.fit(encrypt('shared', PLAIN), 'shared');
    assert.deepEqual(open(fitted, [wanted]), { plain: PLAIN, secret: wanted });
  });
}

for (const [what, given] of [
  ['settings.js turns encryption off', { credentialSecret: false }],
  ['the Project has no secret', { generated: 'generated', project: projectWith(false) }]
]) {
  test(`credentials from Valkey become plain where ${what}`, async () => {
    const { secrets } = await create(given);
    assert.deepEqual(secrets.fit(encrypt('shared', PLAIN), 'shared'), PLAIN);
  });
}

test('credentials from Valkey that fit, are not encrypted, or that nobody can read stay as they are', async () => {
  const { secrets } = await create({ generated: 'generated' });
  for (const credentials of [encrypt('generated', PLAIN), PLAIN, {}, encrypt('unknown', PLAIN)]) {
    assert.equal(secrets.fit(credentials, 'shared'), credentials);
  }
  assert.ok(isEncrypted(secrets.fit(encrypt('unknown', PLAIN), undefined)));
});

test('a secret from Valkey becomes the generated one, once', async () => {
  const { runtime, secrets, stored } = await create({ generated: 'made up' });
  const sets = [];
  const { set } = runtime.settings;
  runtime.settings.set = (...given) => {
    sets.push(given);
    return set(...given);
  };
  assert.equal(await secrets.adopt('shared'), true);
  assert.equal(await secrets.adopt('shared'), true);
  assert.deepEqual(sets, [['_credentialSecret', 'shared']]);
  assert.equal(stored._credentialSecret, 'shared');
});

for (const [what, given, shared] of [
  ['settings.js has one', { credentialSecret: 'settings' }, 'shared'],
  ['settings.js turns encryption off', { credentialSecret: false }, 'shared'],
  ['a Project is active', { project: projectWith('own') }, 'shared'],
  ['Valkey has none', { generated: 'made up' }, undefined]
]) {
  test(`no secret is taken over where ${what}`, async () => {
    const { secrets, stored } = await create(given);
    assert.equal(await secrets.adopt(shared), false);
    assert.equal(stored._credentialSecret, given.generated);
  });
}

test('whether one of several secrets decrypts', () => {
  assert.ok(opensWith(encrypt('a', PLAIN), [undefined, 'b', 'a']));
  assert.ok(!opensWith(encrypt('a', PLAIN), [undefined, false, 'b']));
  assert.ok(opensWith(PLAIN, []));
  assert.ok(!opensWith('text', []));
});
