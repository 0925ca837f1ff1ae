'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const { answered } = require('./answer.js');

/** What Node-RED does for a while after a deploy belongs to it. */
const AFTERWARDS = 300;
/** Of the answer to a POST, in ms. */
const DEADLINE = 60_000;

/**
 * Deploys at the admin; ms from the beginning of the POST until it is answered (`post`), and until the
 * worker answers with the new version (`worker`).
 */
async function timeDeploy({ admin, workers: [worker] }, flows, version, options = { type: 'nodes' }) {
  const began = performance.now();
  const posted = admin.deploy(flows, { deadline: DEADLINE, ...options }).then(() => performance.now() - began);
  const runs = answered(worker, version).then(() => performance.now() - began);
  const [post, ran] = await Promise.all([posted, runs]);
  return { post, worker: ran };
}

/**
 * The same for flows with a node that tells its version, in `arrivals`: `last` is the ms until it runs
 * on the last worker.
 */
async function timeArrival({ admin, workers }, flows, version, { arrivals, type = 'nodes' }) {
  const began = performance.now();
  const posted = admin.deploy(flows, { deadline: DEADLINE, type }).then(() => performance.now() - began);
  const runs = workers.map(async (worker) => (await arrivals.of(worker, version)) - began);
  const [post, ran] = await Promise.all([posted, Promise.all(runs)]);
  return { post, last: Math.max(...ran) };
}

/**
 * The same, and what it did to the event loops of the admin and of the worker, until so many ms after it was
 * everywhere.
 */
async function timeWithProbes(fleet, flows, version, { afterwards = AFTERWARDS, ...options }) {
  const { admin, workers } = fleet;
  const [worker] = workers;
  const probes = [admin.probe, worker.probe];
  await Promise.all(probes.map((probe) => probe.begin()));
  const times = await timeArrival(fleet, flows, version, options);
  await delay(afterwards);
  const [ofAdmin, ofWorker] = await Promise.all(probes.map((probe) => probe.end()));
  return { ...times, admin: ofAdmin, worker: ofWorker };
}

module.exports = { timeArrival, timeDeploy, timeWithProbes };
