'use strict';

// What settings files hold under `tls`, against a real server that speaks TLS: every form of
// certificates and keys that Node.js takes, and what is said of those that it would not. Whether a certificate is the server's:
// server-identity.test.js.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, test } = require('node:test');

const { checkOptions } = require('../../lib/binding/core.js');
const { optionsAsText } = require('../../lib/options/index.js');
const { Certificates } = require('../support/certificates.js');
const { startServer } = require('../support/server.js');
const { connects, outcome, read } = require('./support/tls-outcome.js');

const PASSPHRASE = 'open sesame';

let made;
let authority;
let client;
let open; // asks nobody for a certificate
let mutual; // wants one

before(async () => {
  made = new Certificates();
  authority = made.authority();
  client = made.client(authority);
  const own = made.server(authority);
  [open, mutual] = await Promise.all([
    startServer({ tls: own }),
    startServer({ tls: { ...own, clients: authority.cert } })
  ]);
});

after(() => Promise.all([open?.stop(), mutual?.stop()]));

/** The error at start. */
function refusal(options) {
  try {
    checkOptions(optionsAsText({ role: 'worker', ...options }).text);
  } catch (error) {
    assert.equal(error.code, 'ERR_VALKEY_OPTION');
    return error.message;
  }
  return assert.fail('nothing was refused');
}

test('ca in every form', async () => {
  const pem = read(authority.cert);
  const other = read(made.authority('Other CA').cert);
  const der = fs.readFileSync(made.convert('x509', authority.cert, '-outform', 'DER'));
  for (const ca of [
    pem,
    Buffer.from(pem),
    new Uint8Array(Buffer.from(pem)),
    [pem],
    [other, Buffer.from(pem)],
    `${other}\n# a comment\n${pem}`,
    [`${other}${pem}`],
    der,
    [Buffer.from(other), der]
  ]) {
    await connects(open, { tls: { ca } });
  }
  assert.match(
    await outcome(open, { tls: { ca: other } }),
    /^error: localhost:\d+: no TLS connection: the server's certificate leads to the issuer 'CN=Test CA', which is not in 'tls\.ca'/
  );
});

test('without ca, what Node.js trusts', async () => {
  for (const options of [{ tls: true }, { tls: 'true' }, { tls: {} }, { tls: { ca: '' } }]) {
    assert.match(
      await outcome(open, options),
      /^error: .*'CN=Test CA', which is not in what Node\.js trusts by itself/
    );
  }
  const url = `rediss://localhost:${open.tlsPort}`;
  assert.match(
    await outcome(open, { host: undefined, port: undefined, url }),
    /^error: .*what Node\.js trusts by itself/
  );
  await connects(open, { host: undefined, port: undefined, url, tls: { ca: read(authority.cert) } });
});

test('empty texts inside tls count as left out', async () => {
  const ca = read(authority.cert);
  const names = ['cert', 'key', 'passphrase', 'rejectUnauthorized', 'minVersion', 'maxVersion', 'ciphers', 'ecdhCurve'];
  const unset = Object.fromEntries([...names, 'ALPNProtocols', 'checkServerIdentity', 'pfx'].map((name) => [name, '']));
  for (const tls of [
    { ...unset, ca },
    { ...unset, ca: ['', ca], key: { pem: '', passphrase: '' } }
  ]) {
    assert.deepEqual(checkOptions(optionsAsText({ role: 'worker', tls }).text).notices, []);
    await connects(open, { tls, sentinelTLS: '' });
  }
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await connects(open, { tls: unset });
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

test('certificate and key in every form', async () => {
  const ca = read(authority.cert);
  const [cert, key] = [read(client.cert), read(client.key)];
  const derKey = (...args) => fs.readFileSync(made.convert('pkcs8', client.key, '-topk8', '-outform', 'DER', ...args));
  for (const own of [
    { cert, key },
    { cert: Buffer.from(cert), key: Buffer.from(key) },
    { cert: [cert], key: [key] },
    { cert: [ca, cert], key },
    { cert: `${key}${cert}`, key: `${cert}${key}` },
    { cert: fs.readFileSync(made.convert('x509', client.cert, '-outform', 'DER')), key: derKey('-nocrypt') },
    { cert, key: fs.readFileSync(made.convert('ec', client.key, '-outform', 'DER')) }
  ]) {
    await connects(mutual, { tls: { ca, ...own } });
  }
  assert.match(
    await outcome(mutual, { tls: { ca } }),
    /^error: .*the server wants a certificate of us; set 'tls\.cert' and 'tls\.key'/
  );
});

test('a key with a passphrase in every form', async () => {
  const [ca, cert] = [read(authority.cert), read(client.cert)];
  const secret = `pass:${PASSPHRASE}`;
  const pkcs8 = read(made.convert('pkcs8', client.key, '-topk8', '-passout', secret));
  const traditional = read(made.convert('ec', client.key, '-aes128', '-passout', secret));
  const der = fs.readFileSync(made.convert('pkcs8', client.key, '-topk8', '-outform', 'DER', '-passout', secret));
  for (const own of [
    { key: pkcs8, passphrase: PASSPHRASE },
    { key: pkcs8, passphrase: Buffer.from(PASSPHRASE) },
    { key: traditional, passphrase: PASSPHRASE },
    { key: der, passphrase: PASSPHRASE },
    { key: { pem: pkcs8, passphrase: PASSPHRASE } },
    { key: [{ pem: pkcs8, passphrase: PASSPHRASE }], passphrase: 'for another' },
    { key: [{ pem: Buffer.from(traditional) }], passphrase: PASSPHRASE },
    { key: read(client.key), passphrase: 'not needed' }
  ]) {
    await connects(mutual, { tls: { ca, cert, ...own } });
  }
  for (const key of [pkcs8, traditional, der]) {
    const wrong = refusal({ tls: { ca, cert, key, passphrase: 'wr0ng' } });
    assert.equal(wrong, "option 'tls.passphrase' does not decrypt 'tls.key'");
    assert.equal(refusal({ tls: { ca, cert, key } }), "option 'tls.passphrase' is needed: 'tls.key' is encrypted");
  }
});

test('keys of every kind', async () => {
  const ca = read(authority.cert);
  for (const kind of ['rsa', 'ed25519']) {
    const own = made.client(authority, { kind });
    await connects(mutual, { tls: { ca, cert: read(own.cert), key: read(own.key) } });
    const server = await startServer({ tls: made.server(authority, 'DNS:localhost', { kind }) });
    await connects(server, { tls: { ca } });
    await server.stop();
  }
});

test('nothing of keys and passphrases is in the text for the core, nor in what is said', () => {
  const pkcs8 = read(made.convert('pkcs8', client.key, '-topk8', '-passout', `pass:${PASSPHRASE}`));
  const tls = { ca: read(authority.cert), cert: read(client.cert), key: pkcs8, passphrase: PASSPHRASE };
  assert.ok(!optionsAsText({ role: 'worker', tls }).text.includes(PASSPHRASE));
  for (const wrong of [
    { passphrase: 5 },
    { key: 's3cret' },
    { key: ['s3cret', 's3cret'] },
    { key: { pem: 's3cret' } },
    { cert: 's3cret' },
    { ca: ['s3cret'] },
    { ca: Buffer.from('s3cret') },
    { key: Buffer.from('s3cret') },
    { key: 5 },
    { ca: {} },
    { ALPNProtocols: 's3cret' },
    { ALPNProtocols: [5] },
    { pfx: Buffer.from('s3cret') },
    { ca: [] },
    { ca: '-----BEGIN CERTIFICATE-----\ns3cret\n-----END CERTIFICATE-----' },
    { key: '-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----' }
  ]) {
    const [name] = Object.keys(wrong);
    const said = refusal({ tls: { ...tls, ...wrong } });
    assert.match(said, new RegExp(`^option 'tls\\.${name}`));
    assert.doesNotMatch(said, /s3cret|sesame/);
  }
});

test('mistakes that are often made are told', () => {
  assert.match(refusal({ tls: { ca: '/etc/ssl/ca.pem' } }), /a file has to be read, with fs\.readFileSync/);
  assert.match(refusal({ tls: { cert: read(client.cert), key: './client.key' } }), /a file has to be read/);
  const escaped = (file) => read(file).replace(/\n/g, '\\n');
  assert.match(
    refusal({ tls: { ca: escaped(authority.cert) } }),
    /its line breaks are written as the two characters '\\n'/
  );
  assert.match(
    refusal({ tls: { cert: read(client.cert), key: escaped(client.key) } }),
    /its line breaks are written as/
  );
  const other = made.client(authority);
  assert.equal(
    refusal({ tls: { cert: read(client.cert), key: read(other.key) } }),
    "option 'tls.key' does not belong to any certificate in 'tls.cert'"
  );
  assert.match(
    refusal({ tls: { cert: read(client.cert), key: [read(client.key), read(other.key)] } }),
    /one key, not 2/
  );
  assert.match(refusal({ tls: { pfx: Buffer.from('x') } }), /openssl pkcs12 -in client\.pfx -nodes/);
  assert.match(refusal({ url: 'rediss://localhost', tls: false }), /'url' asks for TLS/);
  assert.match(refusal({ tls: 'yes' }), /^option 'tls' must be an object/);
});

test('the converted pfx works as its own error says', async () => {
  const pfx = made.path('client.pfx');
  const both = made.path('client.pem');
  require('node:child_process').execFileSync('openssl', [
    'pkcs12',
    '-export',
    '-inkey',
    client.key,
    '-in',
    client.cert,
    '-out',
    pfx,
    '-passout',
    'pass:x'
  ]);
  require('node:child_process').execFileSync('openssl', [
    'pkcs12',
    '-in',
    pfx,
    '-nodes',
    '-out',
    both,
    '-passin',
    'pass:x'
  ]);
  await connects(mutual, { tls: { ca: read(authority.cert), cert: read(both), key: read(both) } });
});

test('no check is no check, also with a certificate of ours, and is warned of', async () => {
  const tls = { rejectUnauthorized: false };
  const { notices } = checkOptions(optionsAsText({ role: 'worker', tls }).text);
  assert.equal(notices.filter(({ level, text }) => level === 'warn' && /not checked/.test(text)).length, 1);
  await connects(open, { tls });
  await connects(mutual, { tls: { ...tls, cert: read(client.cert), key: read(client.key) } });
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  try {
    await connects(open, { tls: true });
    assert.match(await outcome(open, { tls: { rejectUnauthorized: true } }), /^error: /);
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  }
});

test('protocols for ALPN in both forms', async () => {
  const ca = read(authority.cert);
  for (const ALPNProtocols of [['redis'], [Buffer.from('redis')], Buffer.from('\x05redis')]) {
    await connects(open, { tls: { ca, ALPNProtocols } });
  }
});

test('versions below TLS 1.2 are refused, others kept to', async () => {
  const ca = read(authority.cert);
  await connects(open, { tls: { ca, minVersion: 'TLSv1.3' } });
  await connects(open, {
    tls: { ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', ecdhCurve: 'P-256' }
  });
  assert.match(refusal({ tls: { ca, minVersion: 'TLSv1.1' } }), /^option 'tls\.minVersion' can't be 'TLSv1\.1'/);
});
