'use strict';

// What an admin says of a secret that workers do not get by themselves.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createSecretNotices } = require('../../lib/admin/secret-notices');

function create({ credentialSecret, project = null, shares = false }) {
  const warnings = [];
  const notices = createSecretNotices({
    settings: { credentialSecret },
    files: { activeProject: () => project },
    shares,
    log: { warn: (text) => warnings.push(text) }
  });
  return { notices, warnings };
}

test('a secret that is not shared, and that settings.js lacks, is told once', () => {
  const { notices, warnings } = create({});
  notices.onMirror(undefined);
  assert.deepEqual(warnings, []);
  notices.onMirror('hidden');
  notices.onMirror('hidden');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /no worker can decrypt the credentials; set the same 'credentialSecret'/);
});

test('a Project has a secret of its own, whatever settings.js has', () => {
  const { notices, warnings } = create({ credentialSecret: 'of settings.js', project: { name: 'plant' } });
  notices.atStart({ _credentialSecret: 'hidden' });
  assert.deepEqual(warnings, []);
  notices.onMirror('hidden');
  assert.match(warnings.join('\n'), /^'shareCredentialSecret' is false: .* the secret of the Project 'plant'$/);
});

test('a secret of settings.js that takes the place of a generated one is told at start', () => {
  const { notices, warnings } = create({ credentialSecret: 'of settings.js', shares: true });
  notices.atStart({});
  assert.deepEqual(warnings, []);
  notices.atStart({ _credentialSecret: 'hidden' });
  assert.match(warnings.join('\n'), /every worker needs the same 'credentialSecret'$/);
});

test('nothing is said when workers get the secret, have it, or need none', () => {
  for (const given of [{ shares: true }, { credentialSecret: 'known' }, { credentialSecret: false }]) {
    const { notices, warnings } = create(given);
    notices.onMirror('generated');
    assert.deepEqual(warnings, []);
  }
  const { notices, warnings } = create({ credentialSecret: false });
  notices.atStart({ _credentialSecret: 'hidden' });
  notices.onMirror(undefined);
  assert.deepEqual(warnings, []);
});
