'use strict';

const crypto = require('node:crypto');

const { optionError } = require('../errors');
const { aboutLineBreaks, asBuffer, isBytes, isGiven, kindOf } = require('./given');

/** @import { RawOptions } from '../types/core' */

/** Forms of a private key that has no PEM armour. */
const KEY_FORMS = /** @type {const} */ (['pkcs8', 'pkcs1', 'sec1']);
/** Object identifiers of PKCS #5 and PKCS #12, with which an encrypted key without armour begins. */
const ENCRYPTIONS = ['2a864886f70d0105', '2a864886f70d010c01'].map((oid) => Buffer.from(oid, 'hex'));

/**
 * @param {unknown} key
 * @returns {key is RawOptions}
 */
function isWrapped(key) {
  return key !== null && typeof key === 'object' && !isBytes(key);
}

/**
 * The one key in `tls.key`, in one of the forms that Node.js takes; undefined when none is given.
 *
 * @param {string} option name of the object that it stands in, for errors
 * @param {unknown} key
 * @param {unknown} passphrase of `tls`; one beside the key itself wins
 */
function privateKeyOf(option, key, passphrase) {
  const name = `${option}.key`;
  const items = (Array.isArray(key) ? key : [key]).filter((item) => isGiven(isWrapped(item) ? item.pem : item));
  if (items.length === 0) {
    return undefined;
  }
  if (items.length !== 1) {
    throw optionError(name, `must hold one key, not ${items.length}: one pair of 'cert' and 'key' is used`);
  }
  const [item] = items;
  const wrapped = isWrapped(item);
  const pem = wrapped ? item.pem : item;
  if (typeof pem !== 'string' && !isBytes(pem)) {
    throw optionError(name, `must be a PEM text, a Buffer, or {pem, passphrase}, not ${kindOf(pem)}`);
  }
  const secret = wrapped && isGiven(item.passphrase) ? item.passphrase : passphrase;
  if (isGiven(secret) && typeof secret !== 'string' && !isBytes(secret)) {
    throw optionError(`${option}.passphrase`, `must be a text, not ${kindOf(secret)}`);
  }
  // Node.js takes bytes of any kind, though its types name Buffers alone.
  const given = isGiven(secret) ? /** @type {string | Buffer} */ (secret) : undefined;
  return readKey(option, typeof pem === 'string' ? pem : asBuffer(pem), given);
}

/**
 * @param {string} option
 * @param {string | Buffer} pem
 * @param {string | Buffer | undefined} passphrase
 */
function readKey(option, pem, passphrase) {
  const armoured = pem.includes('-----BEGIN');
  if (!armoured && typeof pem === 'string') {
    throw optionError(
      `${option}.key`,
      'holds no private key (-----BEGIN PRIVATE KEY-----); a file has to be read, with fs.readFileSync'
    );
  }
  /** @type {Array<Pick<crypto.PrivateKeyInput, 'format' | 'type'>>} */
  const forms = armoured ? [{ format: 'pem' }] : KEY_FORMS.map((type) => ({ format: 'der', type }));
  let failure;
  for (const form of forms) {
    try {
      return crypto.createPrivateKey({ key: pem, passphrase, ...form });
    } catch (error) {
      failure ??= error;
    }
  }
  throw unreadableKey(option, pem, passphrase, failure);
}

/**
 * @param {string} option
 * @param {string | Buffer} pem
 * @param {string | Buffer | undefined} passphrase
 * @param {any} failure
 */
function unreadableKey(option, pem, passphrase, failure) {
  const encrypted = isEncrypted(pem);
  if (encrypted && passphrase === undefined) {
    return optionError(`${option}.passphrase`, `is needed: '${option}.key' is encrypted`);
  }
  // Nothing of what OpenSSL says: it is about the content.
  return encrypted
    ? optionError(`${option}.passphrase`, `does not decrypt '${option}.key'`)
    : optionError(
        `${option}.key`,
        `holds a private key that can't be read (${failure.code || 'unknown form'})${aboutLineBreaks(pem)}`
      );
}

/**
 * OpenSSL's own errors tell it only now and then.
 *
 * @param {string | Buffer} key
 */
function isEncrypted(key) {
  const head = typeof key === 'string' ? Buffer.alloc(0) : key.subarray(0, 40);
  return key.includes('ENCRYPTED') || ENCRYPTIONS.some((oid) => head.includes(oid));
}

module.exports = { privateKeyOf };
