'use strict';

const { createHash } = require('node:crypto');
const os = require('node:os');

const { plainText } = require('./plain-text');
const { version: VERSION } = require('../../package.json');

/**
 * @import { CheckedOptions, ContextHealth } from '../../binding'
 * @import { Standing } from '../health/standing'
 * @import { Settings } from '../types/node-red'
 */

/** The largest report, in bytes, without what the core adds. */
const LARGEST = 1984;
const MOST = { host: 100, label: 64, labels: 32, problem: 200, problems: 3, types: 5, tabs: 40, recent: 16 };

/**
 * The same for each start of one installation, and another for each beside it.
 *
 * @param {string} host
 * @param {string} userDir
 */
function placeOf(host, userDir) {
  return createHash('sha256').update(`${host}\0${userDir}`).digest('hex').slice(0, 12);
}

/**
 * The figures of all context stores in one.
 *
 * @param {Record<string, ContextHealth | null>} [stores]
 */
function contextFigures(stores) {
  const told = Object.values(stores ?? {}).filter((figures) => figures !== null);
  if (told.length === 0) {
    return null;
  }
  const sum = { keys: 0, bytes: 0, unsent: 0, conflicts: 0 };
  for (const figures of told) {
    sum.keys += figures.keys;
    sum.bytes += figures.bytes;
    sum.unsent += figures.unsent;
    sum.conflicts += figures.conflicts;
  }
  return sum;
}

/** What a report can do without, the first first. */
const DISPENSABLE = /** @type {const} */ ([
  ['notes', []],
  ['missingTypes', []],
  ['recent', []],
  ['tabs', []],
  ['labels', []],
  ['lastError', null],
  ['missing', []]
]);

/**
 * As JSON, of no more than fits.
 *
 * @param {Record<string, unknown>} report
 */
function asText(report) {
  const fitting = { ...report };
  let text = JSON.stringify(fitting);
  for (const [name, without] of DISPENSABLE) {
    if (Buffer.byteLength(text) <= LARGEST) {
      break;
    }
    fitting[name] = without;
    text = JSON.stringify(fitting);
  }
  return text;
}

/**
 * Gathers what this instance tells of itself: `src/role/member/fleet/received.rs` says what is in it.
 *
 * @param {object} params
 * @param {CheckedOptions} params.checked
 * @param {Settings} params.settings
 * @param {Standing} params.standing
 * @param {{ count(): number, last(): object | null }} params.errors
 * @param {() => { p99: number, max: number }} params.delay of the event loop
 * @param {() => string[]} params.tabs ids of those held
 */
function createReport({ checked, settings, standing, errors, delay, tabs }) {
  const host = os.hostname();
  const constant = {
    host: plainText(host, MOST.host),
    place: placeOf(host, settings.userDir),
    role: checked.role,
    labels: checked.placement.labels.slice(0, MOST.labels),
    once: { lease: checked.placement.onceLease, whenAway: checked.placement.onceWhenAway },
    version: VERSION,
    nodeRed: plainText(settings.version, MOST.label),
    node: process.version
  };
  /** @type {{ revision: string | null, at: number }} */
  let running = { revision: null, at: 0 };
  /** @type {string[]} */
  let recent = [];

  /** @param {string | null} revision */
  const note = (revision) => {
    if (revision !== running.revision) {
      running = { revision, at: performance.now() };
      if (revision !== null) {
        recent = [revision, ...recent.filter((earlier) => earlier !== revision)].slice(0, MOST.recent);
      }
    }
  };

  return {
    /** What tells that something has changed, with what it was gathered from. */
    look() {
      const now = standing.now();
      note(now.revision);
      const held = tabs();
      const { revision, connection, ready, flows, packages, missing, notes } = now;
      // Not the notes themselves: ages are among them.
      const words = [revision, connection, ready, flows, packages, missing, notes.length, held.length];
      return { now, held, mark: words.join('\n') };
    },

    /**
     * The report as JSON text.
     *
     * @param {{ now: ReturnType<Standing['now']>, held: string[] }} seen
     */
    text({ now, held }) {
      return asText({
        ...constant,
        uptime: Math.round(process.uptime()),
        revision: running.revision,
        since: running.revision === null ? null : Math.round((performance.now() - running.at) / 1000),
        ...(checked.role === 'admin' ? { recent } : {}),
        ready: now.ready,
        missing: now.missing.slice(0, MOST.problems).map((text) => plainText(text, MOST.problem)),
        notes: now.notes.slice(0, MOST.problems).map((text) => plainText(text, MOST.problem)),
        flows: now.flows,
        missingTypes: standing
          .flows()
          .missing.slice(0, MOST.types)
          .map((type) => plainText(type, MOST.label)),
        packages: now.packages ?? null,
        connection: now.connection,
        errors: errors.count(),
        lastError: errors.last(),
        rss: process.memoryUsage.rss(),
        delay: delay(),
        tabs: held.slice(0, MOST.tabs),
        context: contextFigures(now.context)
      });
    }
  };
}

module.exports = { contextFigures, createReport };
