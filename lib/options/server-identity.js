'use strict';

const crypto = require('node:crypto');
const tls = require('node:tls');

/**
 * @import { IdentityFunction } from '../../binding'
 * @import { RawOptions } from '../types/core'
 */

/**
 * Decides whether a certificate is that of the server that was asked for, when the core leaves it
 * open: by the user's `checkServerIdentity`, otherwise by that of Node.js. The core has verified
 * the chain. Gives null, or why not; never throws.
 *
 * @param {RawOptions} options
 * @returns {IdentityFunction}
 */
function serverIdentity(options) {
  return (option, host, chain) => {
    try {
      const verdict = functionOf(options, option)(host, certificateOf(chain));
      if (verdict && typeof verdict.then === 'function') {
        verdict.then(undefined, () => {});
        return 'checkServerIdentity must answer at once, not with a promise';
      }
      return verdict ? String(verdict.message || verdict) : null;
    } catch (error) {
      return `checkServerIdentity threw: ${error && error.message}`;
    }
  };
}

/**
 * @param {RawOptions} options
 * @param {string} option
 * @returns {Function}
 */
function functionOf(options, option) {
  const ofNodes = /** @type {RawOptions} */ (options.redisOptions || {});
  const given = /** @type {RawOptions} */ (options[option] || (option === 'tls' && ofNodes.tls) || {});
  return typeof given.checkServerIdentity === 'function' ? given.checkServerIdentity : tls.checkServerIdentity;
}

/**
 * The server's certificate as `socket.getPeerCertificate(true)` gives it, with its issuers.
 *
 * @param {Buffer[]} chain
 */
function certificateOf(chain) {
  const certificates = chain.map((der) => new crypto.X509Certificate(der));
  const objects = certificates.map(
    (certificate) => /** @type {tls.DetailedPeerCertificate} */ (certificate.toLegacyObject())
  );
  certificates.forEach((certificate, index) => {
    const issuer = certificates.findIndex((candidate) => certificate.checkIssued(candidate));
    // As in Node.js, the last one is its own issuer.
    objects[index].issuerCertificate = objects[issuer === -1 ? index : issuer];
  });
  return objects[0];
}

module.exports = { serverIdentity };
