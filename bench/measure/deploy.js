'use strict';

const { answered } = require('./answer.js');

/**
 * Deploys at the admin; ms from the beginning of the POST until it is answered (`post`), and until the
 * worker answers with the new version (`worker`).
 */
async function timeDeploy({ admin, workers: [worker] }, flows, version, options = { type: 'nodes' }) {
  const began = performance.now();
  const posted = admin.deploy(flows, options).then(() => performance.now() - began);
  const runs = answered(worker, version).then(() => performance.now() - began);
  const [post, ran] = await Promise.all([posted, runs]);
  return { post, worker: ran };
}

module.exports = { timeDeploy };
