'use strict';

const crypto = require('node:crypto');

const { codedError } = require('../errors');
const { isObject } = require('../is-object');

/** @import { Credentials, EncryptedCredentials, FlowNode } from '../types/node-red' */

// Node-RED's own scheme: hex of a random 16-byte IV, then base64 of the text.
const ALGORITHM = 'aes-256-ctr';
const IV_HEX_LENGTH = 32;
const ADVICE =
  'set the same credentialSecret in the settings of the admin and of every worker, ' + 'then deploy once on the admin';

/** @param {string} message */
function credentialsError(message) {
  return codedError('ERR_VALKEY_CREDENTIALS', message);
}

/** @param {string} secret */
function keyOf(secret) {
  return crypto.createHash('sha256').update(secret).digest();
}

/**
 * Credentials as Node-RED takes them: an empty array, which it can write itself, holds none.
 * Anything else comes back as it is.
 *
 * @template T
 * @param {T} value
 * @returns {T | Record<string, never>}
 */
function asCredentials(value) {
  return Array.isArray(value) && value.length === 0 ? {} : value;
}

/**
 * Whether Node-RED can load these, encrypted or not.
 *
 * @param {unknown} value
 */
function isCredentials(value) {
  return isObject(asCredentials(value));
}

/**
 * @param {unknown} secret
 * @returns {secret is string}
 */
function isSecret(secret) {
  // To Node-RED an empty text in settings.js is a secret like any other.
  return typeof secret === 'string';
}

/**
 * True for `{ $: '…' }`, the form in which Node-RED stores encrypted credentials.
 *
 * @param {unknown} credentials
 * @returns {credentials is { $: unknown }}
 */
function isEncrypted(credentials) {
  return isObject(credentials) && Object.hasOwn(credentials, '$');
}

/**
 * The plain credentials in `{ $: '…' }`; throws ERR_VALKEY_CREDENTIALS when the secret does not fit.
 *
 * @param {unknown} secret
 * @param {unknown} encrypted
 * @returns {Credentials}
 */
function decrypt(secret, encrypted) {
  if (!isSecret(secret)) {
    throw credentialsError(`There is no secret to decrypt the credentials with: ${ADVICE}.`);
  }
  if (!isEncrypted(encrypted) || typeof encrypted.$ !== 'string') {
    throw credentialsError('The credentials are not in the form in which Node-RED encrypts them.');
  }
  let plain;
  try {
    const iv = Buffer.from(encrypted.$.slice(0, IV_HEX_LENGTH), 'hex');
    const decipher = crypto.createDecipheriv(ALGORITHM, keyOf(secret), iv);
    const text = decipher.update(encrypted.$.slice(IV_HEX_LENGTH), 'base64', 'utf8') + decipher.final('utf8');
    plain = asCredentials(JSON.parse(text));
  } catch {
    // The cause is left out: a JSON error quotes the text it stumbled on.
    plain = undefined;
  }
  if (!isObject(plain)) {
    throw credentialsError(`The credentials do not decrypt with the secret of this instance: ${ADVICE}.`);
  }
  return plain;
}

/**
 * `{ $: '…' }` for plain credentials, readable by Node-RED with the same secret.
 *
 * @param {unknown} secret
 * @param {Credentials} plain
 * @returns {EncryptedCredentials}
 */
function encrypt(secret, plain) {
  if (!isSecret(secret)) {
    throw credentialsError('There is no secret to encrypt the credentials with.');
  }
  const iv = crypto.randomBytes(IV_HEX_LENGTH / 2);
  const cipher = crypto.createCipheriv(ALGORITHM, keyOf(secret), iv);
  return { $: iv.toString('hex') + cipher.update(JSON.stringify(plain), 'utf8', 'base64') + cipher.final('base64') };
}

/**
 * The plain credentials, found with the first of the candidate secrets that fits.
 * Credentials that are not encrypted pass as they are, with no secret.
 *
 * @param {unknown} credentials
 * @param {unknown[] | undefined} candidates
 * @returns {{ plain: Credentials, secret: string | undefined }}
 */
function open(credentials, candidates) {
  if (credentials === undefined || credentials === null) {
    return { plain: {}, secret: undefined };
  }
  if (!isCredentials(credentials)) {
    throw credentialsError('The credentials are not an object.');
  }
  if (!isEncrypted(credentials)) {
    return { plain: /** @type {Credentials} */ (asCredentials(credentials)), secret: undefined };
  }
  const secrets = [...new Set((candidates || []).filter(isSecret))];
  for (const secret of secrets) {
    try {
      return { plain: decrypt(secret, credentials), secret };
    } catch {
      // The next one may fit.
    }
  }
  throw credentialsError(
    secrets.length === 0
      ? `The credentials are encrypted and this instance has no secret to decrypt them with: ${ADVICE}.`
      : `The credentials do not decrypt with any secret that this instance has (${secrets.length} tried): ${ADVICE}.`
  );
}

/**
 * Flows without the credentials on their nodes: those in a flow file count for nothing when
 * Node-RED loads it, and for new ones when it is handed over as a deploy.
 *
 * @param {FlowNode[]} flows as they are stored: what is no object passes as it is
 */
function withoutCredentials(flows) {
  return flows.map((node) => {
    if (!isObject(node) || !Object.hasOwn(node, 'credentials')) {
      return node;
    }
    const { credentials: _ignored, ...rest } = node;
    return rest;
  });
}

module.exports = { asCredentials, decrypt, encrypt, isCredentials, isEncrypted, open, withoutCredentials };
