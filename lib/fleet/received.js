'use strict';

const { isObject } = require('../is-object');
const { plainText } = require('./plain-text');

// Whoever may write to the server may have written a report: nothing in it is more than a text of so many characters, a
// number, or a short list of them.

/** The longest that is read of a report, in characters; none of ours is nearly as long. */
const LONGEST = 4096;
const MOST = { host: 100, word: 64, version: 40, label: 64, labels: 32, problem: 200, problems: 4, tabs: 64 };

/**
 * What an instance has told of itself. Ages are in ms, and were true when the report was made.
 *
 * @typedef {object} Report
 * @property {string} host
 * @property {string} place the same for each start of one installation
 * @property {'admin' | 'worker'} role
 * @property {string[]} labels
 * @property {{ lease: number, whenAway: string } | null} once the options of tabs that run once: how long a lease is, in ms
 * @property {string} version of this package
 * @property {string} nodeRed
 * @property {string} node
 * @property {number} uptime s
 * @property {string | null} revision what runs; on an admin what the server has
 * @property {number | null} since for how long it has, in s
 * @property {string[]} recent on an admin: the revisions before, the newest first
 * @property {boolean} ready
 * @property {string[]} missing why it is not
 * @property {string[]} notes
 * @property {string} flows what they do
 * @property {string[]} missingTypes
 * @property {string | null} packages
 * @property {string} connection
 * @property {number} errors since it started
 * @property {{ text: string, ago: number } | null} lastError `ago` in s
 * @property {number} rss bytes
 * @property {{ p99: number, max: number }} delay of the event loop, in ms, since the report before
 * @property {number} tick how long ago JavaScript ran, in ms
 * @property {string[]} tabs ids of those held
 * @property {{ keys: number, bytes: number, unsent: number, conflicts: number } | null} context
 */

/**
 * @param {unknown} value
 * @param {number} most
 */
function number(value, most = Number.MAX_SAFE_INTEGER) {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(Math.max(value, 0), most) : 0;
}

/**
 * @param {unknown} value
 * @param {number} most
 * @param {number} each
 */
function texts(value, most, each) {
  const list = Array.isArray(value) ? value.slice(0, most) : [];
  return list.map((text) => plainText(text, each)).filter((text) => text !== '');
}

/** @param {unknown} value */
const textOrNull = (value) => plainText(value, MOST.word) || null;

/** @param {unknown} value */
function contextOf(value) {
  return isObject(value)
    ? {
        keys: number(value.keys),
        bytes: number(value.bytes),
        unsent: number(value.unsent),
        conflicts: number(value.conflicts)
      }
    : null;
}

/** @param {unknown} value */
function onceOf(value) {
  return isObject(value) ? { lease: number(value.lease), whenAway: plainText(value.whenAway, MOST.word) } : null;
}

/**
 * Reads a report; null when it is none.
 *
 * @param {string} text
 * @returns {Report | null}
 */
function readReport(text) {
  let told;
  try {
    told = text.length <= LONGEST ? JSON.parse(text) : null;
  } catch {
    return null;
  }
  if (!isObject(told) || (told.role !== 'admin' && told.role !== 'worker')) {
    return null;
  }
  const { lastError, delay } = told;
  return {
    host: plainText(told.host, MOST.host) || '?',
    place: plainText(told.place, MOST.word),
    role: told.role,
    labels: texts(told.labels, MOST.labels, MOST.label),
    once: onceOf(told.once),
    version: plainText(told.version, MOST.version),
    nodeRed: plainText(told.nodeRed, MOST.version),
    node: plainText(told.node, MOST.version),
    uptime: number(told.uptime),
    revision: textOrNull(told.revision),
    since: typeof told.since === 'number' ? number(told.since) : null,
    recent: texts(told.recent, MOST.labels, MOST.word),
    ready: told.ready === true,
    missing: texts(told.missing, MOST.problems, MOST.problem),
    notes: texts(told.notes, MOST.problems, MOST.problem),
    flows: plainText(told.flows, MOST.word),
    missingTypes: texts(told.missingTypes, MOST.labels, MOST.label),
    packages: textOrNull(told.packages),
    connection: plainText(told.connection, MOST.word),
    errors: number(told.errors),
    lastError: isObject(lastError)
      ? { text: plainText(lastError.text, MOST.problem), ago: number(lastError.ago) }
      : null,
    rss: number(told.rss),
    delay: isObject(delay) ? { p99: number(delay.p99), max: number(delay.max) } : { p99: 0, max: 0 },
    tick: number(told.tick),
    tabs: texts(told.tabs, MOST.tabs, MOST.word),
    context: contextOf(told.context)
  };
}

module.exports = { readReport };
