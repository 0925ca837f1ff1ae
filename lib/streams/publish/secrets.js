'use strict';

const { HIDDEN, knownSecrets, withoutKnown } = require('../../known-secrets');

/** @import { Settings } from '../../types/node-red' */

/** The password of an address. */
const IN_ADDRESS = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+@/gi;

/**
 * Takes out of a text what must not leave this instance: passwords in addresses, and the secrets of settings.js.
 *
 * @param {{ settings: Settings, generated(): unknown }} params `generated` gives the credentials' secret that Node-RED has made
 * @returns {(text: string) => string}
 */
function createRedaction({ settings, generated }) {
  const known = knownSecrets(settings);
  return (text) => withoutKnown(text.replace(IN_ADDRESS, `$1${HIDDEN}@`), [...known, generated()]);
}

module.exports = { createRedaction };
