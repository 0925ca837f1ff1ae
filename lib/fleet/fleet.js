'use strict';

const { readReport } = require('./received');
const { LOST_AFTER, behindBy, stateOf } = require('./state');

/**
 * @import { FleetReading } from '../../binding'
 * @import { Report } from './received'
 * @import { State } from './state'
 */

/** Reports that are read in one go; others have their turn between. */
const AT_ONCE = 100;

/**
 * An instance as the others see it.
 *
 * @typedef {object} Member
 * @property {string} id of its process
 * @property {string} name its host's; with a suffix where several have the same
 * @property {'admin' | 'worker'} role
 * @property {string[]} labels
 * @property {string | null} revision what it runs; of an admin what the server has
 * @property {number | null} behind deploys; null when nobody knows
 * @property {State} state
 * @property {number | null} since ms since 1970 by the server's clock: since when it runs that
 * @property {string | null} error why it is not in step
 * @property {Report} report
 */

/**
 * @typedef {object} Fleet
 * @property {string | null} revision the last deploy
 * @property {number} total workers
 * @property {number} inStep of them
 * @property {Member[]} instances
 */

/** @typedef {{ id: string, silent: number, report: Report }} Heard */

/**
 * Everything that was read, as reports. What is none is left out.
 *
 * @param {FleetReading['entries']} entries
 * @returns {Promise<Heard[]>}
 */
async function reportsOf(entries) {
  /** @type {Heard[]} */
  const heard = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    if (at > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { id, silent, report: text } of entries.slice(at, at + AT_ONCE)) {
      const report = text ? readReport(text) : null;
      if (report) {
        heard.push({ id, silent, report });
      }
    }
  }
  return heard;
}

/**
 * Without those that were started anew since: another process of the same installation lives.
 *
 * @param {Heard[]} heard
 */
function withoutFormer(heard) {
  /** @param {Heard} one */
  const placeOf = ({ report: { role, host, place } }) => `${role}\n${host}\n${place}`;
  /** @type {Map<string, number>} by place, how long nothing was heard of the newest there */
  const newest = new Map();
  for (const one of heard) {
    newest.set(placeOf(one), Math.min(newest.get(placeOf(one)) ?? Infinity, one.silent));
  }
  return heard.filter((one) => one.silent <= LOST_AFTER || newest.get(placeOf(one)) === one.silent);
}

/**
 * The name of each, in the same order: that of its host, and where several have the same, with a suffix that each keeps.
 *
 * @param {Heard[]} heard
 */
function namesOf(heard) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { report } of heard) {
    counts.set(report.host, (counts.get(report.host) ?? 0) + 1);
  }
  return heard.map(({ id, report: { host, place } }) => {
    return counts.get(host) === 1 ? host : `${host}~${(place || id).slice(0, 4)}`;
  });
}

const byName = new Intl.Collator('en', { numeric: true });

/**
 * What is stored: by the server's own word, else by that of who knows it.
 *
 * @param {FleetReading} reading
 * @param {Heard[]} heard
 * @param {string | null} known
 */
function storedRevision({ revision }, heard, known) {
  if (revision || known) {
    return revision || known;
  }
  const [admin] = heard
    .filter(({ report }) => report.role === 'admin' && report.revision)
    .sort((one, other) => one.silent - other.silent);
  return admin ? admin.report.revision : null;
}

/**
 * The fleet, from what was read of it.
 *
 * @param {FleetReading} reading
 * @param {string | null} [known] what the reader itself knows to be stored
 * @returns {Promise<Fleet>}
 */
async function fleetOf(reading, known = null) {
  const heard = withoutFormer(await reportsOf(reading.entries));
  const stored = storedRevision(reading, heard, known);
  const recent = heard.reduce((/** @type {string[]} */ longest, { report }) => {
    return report.recent.length > longest.length && report.recent.includes(String(stored)) ? report.recent : longest;
  }, []);
  const newestFirst = recent.slice(Math.max(0, recent.indexOf(String(stored))));
  const names = namesOf(heard);
  /** @type {Member[]} */
  const instances = heard.map(({ id, silent, report }, at) => {
    const { role, labels, revision, since, tick } = report;
    return {
      id,
      name: names[at],
      role,
      labels,
      revision,
      behind: behindBy(revision, stored, newestFirst),
      ...stateOf(report, { silent, stored }),
      since: since === null ? null : Math.round((reading.now - silent - tick) / 1000 - since) * 1000,
      report
    };
  });
  instances.sort((one, other) => byName.compare(one.name, other.name) || (one.id < other.id ? -1 : 1));
  const workers = instances.filter(({ role }) => role === 'worker');
  return {
    revision: stored,
    total: workers.length,
    inStep: workers.filter(({ state }) => state === 'in step').length,
    instances
  };
}

module.exports = { fleetOf };
