'use strict';

// Every secret of the fault suite holds the mark, so that one search over everything that was
// printed finds any of them.

const MARK = 'cOnFiDeNtIaL';

const SECRETS = {
  admin: `${MARK}-password-of-the-admin`,
  worker: `${MARK}-password-of-the-worker`,
  state: `${MARK}-password-of-the-state`,
  credentialSecret: `${MARK}-credential-secret`
};

/** The credentials of a deploy: what no log may show. */
const tokenOf = (version) => `${MARK}-token-${version}`;

module.exports = { MARK, SECRETS, tokenOf };
