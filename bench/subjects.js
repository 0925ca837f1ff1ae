'use strict';

// The three that are compared, each as real Node-RED processes: this module (`valkey`), Node-RED's
// default storage (`default`, one process that is admin and worker at once), and the straightforward
// module (`plain`).

const path = require('node:path');
const { startNodeRed, raw } = require('../__test__/support/node-red.js');
const { createProbe } = require('./measure/probe.js');

const PLAIN = path.join(__dirname, 'plain-module.js');
/** Of each subject its column in the table. */
const SUBJECTS = { valkey: 'this module', default: 'default storage', plain: 'plain module' };

let prefixes = 0;

/** What of the settings makes an instance one of the subject's. */
function optionsOf(subject, role, { address, prefix, valkey, settings }) {
  switch (subject) {
    case 'default':
      return { settings };
    case 'valkey':
      return { role, connection: address, valkey: { keyPrefix: prefix, ...valkey }, settings };
    case 'plain':
      return {
        httpAdmin: role === 'admin',
        settings: {
          storageModule: raw(`require(${JSON.stringify(PLAIN)})`),
          plain: { role, ...address, prefix },
          ...settings
        }
      };
    default:
      throw new Error(`no subject '${subject}'`);
  }
}

/**
 * An admin and its workers. With default storage the admin stands for the worker too.
 *
 * @param {'valkey'|'default'|'plain'} subject
 * @param {object} options
 * @param {{host: string, port: number}} options.server
 * @param {object[]} options.flows what the admin begins with
 * @param {number} [options.workers]
 * @param {() => Promise<{host: string, port: number}>} [options.wayTo] what stands between an instance
 *   and the server, made for each
 * @param {object} [options.valkey] further options of this module
 * @param {object} [options.settings] further settings of every instance
 * @param {boolean} [options.probes] each instance gets a `probe`, see measure/probe.js
 */
async function startFleet(subject, options) {
  const { server, flows, workers = 1, wayTo = async () => server, valkey, settings, probes = false } = options;
  const prefix = `bench-${(prefixes += 1)}:`;
  const started = [];
  const start = async (role, more = {}) => {
    const { host, port } = await wayTo();
    const ofSubject = optionsOf(subject, role, {
      address: { host, port },
      prefix,
      valkey,
      settings: { apiMaxLength: '50mb', ...settings }
    });
    const probe = probes ? await createProbe() : undefined;
    const instance = await startNodeRed({ deadline: 120_000, ...ofSubject, ...probe?.options, ...more });
    started.push(instance);
    return Object.assign(instance, { probe });
  };
  const stop = async () => {
    await Promise.all(started.map((instance) => instance.stop()));
  };
  try {
    // The plain module has its flows nowhere but on the server: they are deployed to it.
    const admin = await start('admin', subject === 'plain' ? {} : { flows });
    if (subject === 'plain') {
      await admin.deploy(flows, { deadline: 60_000 });
    }
    if (subject === 'default') {
      return { subject, prefix, admin, workers: [admin], stop };
    }
    const others = Array.from({ length: workers }, () => start('worker'));
    // All have ended starting before one that failed is told, so that all are stopped.
    await Promise.allSettled(others);
    return { subject, prefix, admin, workers: await Promise.all(others), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Starts a fleet of each subject, does something with them, and stops them whatever comes of it.
 *
 * @template T
 * @param {string[]} subjects
 * @param {object} options as of startFleet
 * @param {(fleets: object[]) => Promise<T>} use
 * @returns {Promise<T>}
 */
async function withFleets(subjects, options, use) {
  const fleets = [];
  try {
    for (const subject of subjects) {
      fleets.push(await startFleet(subject, options));
    }
    return await use(fleets);
  } finally {
    await Promise.all(fleets.map((fleet) => fleet.stop()));
  }
}

module.exports = { SUBJECTS, startFleet, withFleets };
