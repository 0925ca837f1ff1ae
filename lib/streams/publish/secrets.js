'use strict';

const { isObject } = require('../../is-object');

/** @import { Settings } from '../../types/node-red' */

/** What a secret is replaced by. */
const HIDDEN = '***';
/** Shorter ones are found everywhere. */
const SHORTEST = 4;
/** Names of options whose values are secrets. */
const SECRET_OPTION = /pass(word|phrase)?$|secret|^key$/i;
/** The password of an address. */
const IN_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+@/gi;

/**
 * @param {unknown} value
 * @param {string[]} found
 */
function collect(value, found) {
  if (!isObject(value) && !Array.isArray(value)) {
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string' && SECRET_OPTION.test(name)) {
      found.push(inner);
    } else {
      collect(inner, found);
    }
  }
}

/**
 * Takes out of a text what must not leave this instance: passwords in addresses, and the secrets of settings.js.
 *
 * @param {{ settings: Settings, generated(): unknown }} params `generated` gives the credentials' secret that Node-RED has made
 * @returns {(text: string) => string}
 */
function createRedaction({ settings, generated }) {
  /** @type {string[]} */
  const found = [];
  collect(settings.valkey, found);
  if (typeof settings.credentialSecret === 'string') {
    found.push(settings.credentialSecret);
  }
  return (text) => {
    let redacted = text.replace(IN_ADDRESS, `$1${HIDDEN}@`);
    const made = generated();
    for (const secret of typeof made === 'string' ? [...found, made] : found) {
      if (secret.length >= SHORTEST) {
        redacted = redacted.replaceAll(secret, HIDDEN);
      }
    }
    return redacted;
  };
}

module.exports = { createRedaction };
