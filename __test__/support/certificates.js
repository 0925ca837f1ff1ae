'use strict';

// Certificates made with openssl at test time, in a temporary folder.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { tempDir } = require('./temp-dir.js');

const KEY_KINDS = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  rsa: ['-newkey', 'rsa:2048'],
  ed25519: ['-newkey', 'ed25519']
};

function openssl(...args) {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A folder full of certificates; each is `{ cert, key }`, the paths of PEM files. */
class Certificates {
  constructor() {
    this.dir = tempDir('certificates');
    this.serial = 1;
  }

  path(name) {
    return path.join(this.dir, name);
  }

  authority(name = 'Test CA') {
    return this.make({ name, extensions: ['basicConstraints=critical,CA:TRUE'] });
  }

  /** For a server with these names, e.g. 'DNS:localhost'. */
  server(by, names = 'DNS:localhost,IP:127.0.0.1', options = {}) {
    return this.make({ name: 'a server', by, extensions: [`subjectAltName=${names}`], ...options });
  }

  client(by, options = {}) {
    return this.make({ name: 'a client', by, extensions: ['extendedKeyUsage=clientAuth'], ...options });
  }

  /**
   * @param {object} wish
   * @param {string} wish.name the common name
   * @param {{cert: string, key: string}} [wish.by] who vouches for it; otherwise it does itself
   * @param {string[] | null} [wish.extensions] null makes it X.509 v1
   * @param {number} [wish.days] negative: it has expired
   * @param {'ec'|'rsa'|'ed25519'} [wish.kind] of the key
   */
  make({ name, by, extensions = [], days = 30, kind = 'ec' }) {
    const id = `${this.serial++}`;
    const [cert, key, request] = ['pem', 'key', 'csr'].map((type) => this.path(`${id}.${type}`));
    openssl('req', '-new', ...KEY_KINDS[kind], '-nodes', '-subj', `/CN=${name}`, '-keyout', key, '-out', request);
    const signer = by ? ['-CA', by.cert, '-CAkey', by.key] : ['-signkey', key];
    const args = [
      '-in',
      request,
      '-out',
      cert,
      '-days',
      String(days),
      '-set_serial',
      String(Date.now()) + id,
      ...signer
    ];
    if (extensions) {
      const file = this.path(`${id}.cnf`);
      fs.writeFileSync(file, ['[wish]', 'subjectKeyIdentifier=hash', ...extensions, ''].join('\n'));
      args.push('-extfile', file, '-extensions', 'wish');
    }
    openssl('x509', '-req', ...args);
    return { cert, key };
  }

  /** The path of a file that openssl makes of another; `args` without `-in` and `-out`. */
  convert(command, file, ...args) {
    const out = this.path(`${this.serial++}.converted`);
    openssl(command, '-in', file, '-out', out, ...args);
    return out;
  }
}

module.exports = { Certificates };
