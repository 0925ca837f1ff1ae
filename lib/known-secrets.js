'use strict';

/** @import { Settings } from './types/node-red' */

/** What stands in place of a secret. */
const HIDDEN = '***';
/** Shorter ones hide more of a text than they protect. */
const SHORTEST = 4;
/** Names of options whose values are secrets; `keyPrefix` is none of them. */
const SECRET_OPTION = /pass|secret|key$|token/i;

/**
 * @param {unknown} value
 * @param {Set<unknown>} seen
 * @param {string} [name]
 * @returns {string[]}
 */
function secretsIn(value, seen, name = '') {
  if (typeof value === 'string') {
    return SECRET_OPTION.test(name) ? [value] : [];
  }
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value) || seen.has(value)) {
    return [];
  }
  seen.add(value);
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, seen, key));
}

/**
 * The secrets that settings.js holds for this module, inner options included, and the one of credentials.
 *
 * @param {Pick<Settings, 'credentialSecret' | 'valkey'>} settings
 * @returns {string[]}
 */
function knownSecrets({ credentialSecret, valkey }) {
  const found = secretsIn(valkey, new Set());
  return typeof credentialSecret === 'string' ? [...found, credentialSecret] : found;
}

/**
 * A text without these.
 *
 * @param {string} text
 * @param {Iterable<unknown>} secrets what is no text, or a very short one, stays
 */
function withoutKnown(text, secrets) {
  let shown = text;
  for (const secret of secrets) {
    if (typeof secret === 'string' && secret.length >= SHORTEST) {
      shown = shown.replaceAll(secret, HIDDEN);
    }
  }
  return shown;
}

module.exports = { HIDDEN, knownSecrets, withoutKnown };
