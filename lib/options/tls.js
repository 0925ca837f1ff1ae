'use strict';

// The options inside `tls`, in the forms that Node.js takes, made plain for the core: certificates
// and key as DER, passphrases undone here and left behind.

const crypto = require('node:crypto');
const fs = require('node:fs');
const nodeTls = require('node:tls');

const { optionError } = require('../errors');
const { aboutLineBreaks, asBuffer, isBytes, isGiven, kindOf } = require('./given');
const { privateKeyOf } = require('./private-key');

/** @import { RawOptions } from '../types/core' */

const PEM = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[\s\S]*?-----END \1-----/g;

/**
 * The value of `tls` (or `sentinelTLS`) with its certificates and key as Buffers; values that ask
 * for no TLS, and those that only the core can judge, as they are.
 *
 * @param {string} option name for errors
 * @param {unknown} given
 * @returns {unknown}
 */
function plainTls(option, given) {
  if (given === true || given === 'true') {
    return plainTls(option, {});
  }
  if (given === null || typeof given !== 'object' || isBytes(given) || Array.isArray(given)) {
    return given;
  }
  const raw = /** @type {RawOptions} */ (given);
  const { ca, cert, key, passphrase, ALPNProtocols: protocols, ...others } = raw;
  const unverified = !isGiven(raw.rejectUnauthorized) && process.env.NODE_TLS_REJECT_UNAUTHORIZED === '0';
  /** @type {RawOptions} */
  const plain = { ...others, ...(unverified ? { rejectUnauthorized: false } : {}) };
  const verified = plain.rejectUnauthorized !== false && plain.rejectUnauthorized !== 'false';
  if (isGiven(ca)) {
    plain.ca = certificates(`${option}.ca`, ca).map((certificate) => certificate.raw);
  } else if (verified) {
    plain.ca = defaultAuthorities();
    plain.$roots = true;
  }
  Object.assign(plain, ownCertificate(option, { cert, key, passphrase }));
  if (isGiven(protocols)) {
    plain.ALPNProtocols = protocolNames(`${option}.ALPNProtocols`, protocols);
  }
  return plain;
}

/**
 * Every certificate in a text, a Buffer (PEM or DER) or an array of those.
 *
 * @param {string} option
 * @param {unknown} given
 */
function certificates(option, given) {
  const items = Array.isArray(given) ? given : [given];
  const found = items.flatMap((item, index) => {
    if (item === '') {
      return [];
    }
    const name = Array.isArray(given) ? `${option}[${index}]` : option;
    if (typeof item !== 'string' && !isBytes(item)) {
      throw optionError(name, `must be a PEM text or a Buffer, not ${kindOf(item)}`);
    }
    return certificatesIn(name, typeof item === 'string' ? item : asBuffer(item));
  });
  if (found.length === 0) {
    throw optionError(option, 'holds no certificate');
  }
  return found;
}

/**
 * @param {string} option
 * @param {string | Buffer} item
 */
function certificatesIn(option, item) {
  const text = typeof item === 'string' ? item : item.toString('latin1');
  /** @type {string[] | null} */
  const blocks = text.match(PEM);
  if (!blocks && typeof item === 'string') {
    throw optionError(
      option,
      'holds no certificate (-----BEGIN CERTIFICATE-----); a file has to be read, with fs.readFileSync'
    );
  }
  return (blocks || [item]).map((block) => {
    try {
      return new crypto.X509Certificate(block);
    } catch (error) {
      throw optionError(
        option,
        `holds a certificate that can't be read (${error.code || 'unknown form'})${aboutLineBreaks(text)}`
      );
    }
  });
}

/** What Node.js trusts when there is no `ca`. */
function defaultAuthorities() {
  // Of Node.js 22.15.
  const { getCACertificates } = /** @type {{ getCACertificates?: (type: string) => string[] }} */ (nodeTls);
  const trusted = getCACertificates
    ? getCACertificates('default')
    : [...nodeTls.rootCertificates, ...extraAuthorities()];
  return trusted.flatMap((pem) => {
    try {
      return [new crypto.X509Certificate(pem).raw];
    } catch {
      return [];
    }
  });
}

function extraAuthorities() {
  try {
    return fs.readFileSync(/** @type {string} */ (process.env.NODE_EXTRA_CA_CERTS), 'utf8').match(PEM) || [];
  } catch {
    // Not set, or not to be read: of that Node.js itself warns.
    return [];
  }
}

/**
 * Certificate chain, our own first, and the key that belongs to it.
 *
 * @param {string} option
 * @param {{ cert: unknown, key: unknown, passphrase: unknown }} given
 */
function ownCertificate(option, { cert, key, passphrase }) {
  /** @type {{ key?: Buffer, cert?: Buffer[] }} */
  const own = {};
  const chain = isGiven(cert) ? certificates(`${option}.cert`, cert) : [];
  const privateKey = privateKeyOf(option, key, passphrase);
  if (privateKey) {
    own.key = privateKey.export({ type: 'pkcs8', format: 'der' });
  }
  if (chain.length > 0) {
    const leaf = privateKey ? chain.find((certificate) => certificate.checkPrivateKey(privateKey)) : chain[0];
    if (!leaf) {
      throw optionError(`${option}.key`, `does not belong to any certificate in '${option}.cert'`);
    }
    own.cert = [leaf, ...chain.filter((certificate) => certificate !== leaf)].map((certificate) => certificate.raw);
  }
  return own;
}

/**
 * Names as Buffers, from an array of texts or Buffers, or from the form they have on the wire.
 *
 * @param {string} option
 * @param {unknown} given
 */
function protocolNames(option, given) {
  if (Array.isArray(given)) {
    return given.map((name) => {
      if (typeof name !== 'string' && !isBytes(name)) {
        throw optionError(option, `must hold texts or Buffers, not ${kindOf(name)}`);
      }
      return typeof name === 'string' ? Buffer.from(name, 'latin1') : asBuffer(name);
    });
  }
  if (!isBytes(given)) {
    throw optionError(option, `must be an array of texts or Buffers, or a Buffer, not ${kindOf(given)}`);
  }
  const wire = asBuffer(given);
  const names = [];
  for (let start = 0; start < wire.length; start += 1 + wire[start]) {
    names.push(wire.subarray(start + 1, start + 1 + wire[start]));
  }
  return names;
}

/**
 * `settings.valkey` with every `tls` in it made plain. An URL may ask for TLS too, and what Node.js
 * trusts is known here alone.
 *
 * @param {RawOptions} options
 */
function withPlainTls(options) {
  const plain = { ...options };
  if (!isGiven(plain.tls) && asksForTls(options.url)) {
    plain.tls = true;
  }
  for (const option of ['tls', 'sentinelTLS']) {
    if (plain[option] !== undefined) {
      plain[option] = plainTls(option, plain[option]);
    }
  }
  const ofNodes = /** @type {RawOptions | null} */ (plain.redisOptions);
  if (ofNodes !== null && typeof ofNodes === 'object' && ofNodes.tls !== undefined) {
    plain.redisOptions = { ...ofNodes, tls: plainTls('redisOptions.tls', ofNodes.tls) };
  }
  return plain;
}

/** @param {unknown} url */
function asksForTls(url) {
  return typeof url === 'string' && (/^\s*(rediss|valkeys):/i.test(url) || /[?&]tls=true(&|\s*$)/.test(url));
}

module.exports = { withPlainTls };
