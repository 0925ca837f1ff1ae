'use strict';

// Whether a verified certificate is the server's: as Node.js judges it, and as settings.js does.

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const { before, test } = require('node:test');

const { Certificates } = require('../support/certificates.js');
const { startServer } = require('../support/server.js');
const { connects, outcome, read } = require('./support/tls-outcome.js');

let made;
let authority;

before(() => {
  made = new Certificates();
  authority = made.authority();
});

test('a certificate with a common name only is judged as Node.js does', async () => {
  const server = await startServer({ tls: made.make({ name: 'localhost', by: authority }) });
  const ca = read(authority.cert);
  await connects(server, { tls: { ca } });
  assert.match(
    await outcome(server, { tls: { ca, servername: 'valkey.example' } }),
    /^error: .*refused for 'valkey\.example': Hostname\/IP does not match certificate's altnames/
  );
  await server.stop();
});

test('checkServerIdentity sees the verified certificate and decides', async () => {
  const link = made.make({ name: 'Link CA', by: authority, extensions: ['basicConstraints=critical,CA:TRUE'] });
  const own = made.server(link, 'DNS:valkey.example');
  const chain = made.path('chain.pem');
  fs.writeFileSync(chain, read(own.cert) + read(link.cert));
  const server = await startServer({ tls: { cert: chain, key: own.key } });
  const ca = read(authority.cert);
  const seen = [];
  const expected = new crypto.X509Certificate(read(own.cert)).fingerprint256;
  const checkServerIdentity = (name, certificate) => {
    seen.push({ name, certificate });
    return certificate.fingerprint256 === expected ? undefined : new Error('not pinned');
  };
  await connects(server, { tls: { ca, checkServerIdentity } });
  const [{ name, certificate }] = seen;
  assert.equal(name, 'localhost');
  assert.equal(certificate.subject.CN, 'a server');
  assert.equal(certificate.subjectaltname, 'DNS:valkey.example');
  assert.ok(Buffer.isBuffer(certificate.raw));
  assert.equal(certificate.issuerCertificate.subject.CN, 'Link CA');
  assert.equal(certificate.issuerCertificate.issuerCertificate, certificate.issuerCertificate);
  for (const [refusing, said] of [
    [() => new Error('not pinned'), "refused for 'localhost': not pinned"],
    [
      () => {
        throw new Error('broken');
      },
      'checkServerIdentity threw: broken'
    ],
    [async () => undefined, 'must answer at once, not with a promise']
  ]) {
    const line = await outcome(server, { tls: { ca, checkServerIdentity: refusing } });
    assert.ok(line.startsWith('error: ') && line.includes(said), line);
  }
  await server.stop();
});
