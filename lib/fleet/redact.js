'use strict';

const { HIDDEN, withoutKnown } = require('../known-secrets');

/** The user's part of a URL. */
const USER_OF_URL = /\/\/[^\s/@]+@/g;
/** `password=…`, `"token": "…"`, `Authorization: Bearer …`. */
const NAMED =
  /((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_ ]?key|authorization|cookie|credentials?)["']?\s*[:=]\s*)((?:bearer|basic)\s+)?("[^"]*"|'[^']*'|[^\s,;&]+)/gi;
const BEARER = /\b(bearer|basic)\s+[\w+/.~=-]{8,}/gi;

/**
 * A text of a log without what is known, or looks, to be a secret.
 *
 * @param {string} text
 * @param {Iterable<unknown>} [secrets] values that are known to be
 */
function withoutSecrets(text, secrets = []) {
  return withoutKnown(text, secrets)
    .replace(USER_OF_URL, `//${HIDDEN}@`)
    .replace(NAMED, `$1${HIDDEN}`)
    .replace(BEARER, `$1 ${HIDDEN}`);
}

module.exports = { withoutSecrets };
