'use strict';

/**
 * What of a worker can be looked at: its debug output, warnings and errors of its log, the statuses of its nodes.
 *
 * @typedef {'debug' | 'log' | 'status'} Kind
 */

/** @type {Kind[]} */
const KINDS = ['debug', 'log', 'status'];

/**
 * What somebody looks at: kinds by the id or the name of a worker, `*` for all.
 *
 * @typedef {Record<string, Kind[]>} Watch
 */

/** The key of a watch that stands for every worker. */
const EVERYONE = '*';

/** Workers that can be named one by one; who wants more looks at all. */
const MOST_WORKERS = 200;
/** Characters of a worker's id or name. */
const LONGEST_WORKER = 255;

/**
 * @param {unknown} value
 * @returns {value is Kind}
 */
const isKind = (value) => KINDS.includes(/** @type {Kind} */ (value));

/**
 * What was asked for, checked; null when it is none. Workers of which nothing is wanted are left out.
 *
 * @param {unknown} value
 * @returns {Watch | null}
 */
function checkedWatch(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return null;
  }
  const entries = Object.entries(value);
  const sound = entries.every(
    ([worker, kinds]) =>
      worker.length > 0 && worker.length <= LONGEST_WORKER && Array.isArray(kinds) && kinds.every(isKind)
  );
  if (!sound || entries.length > MOST_WORKERS) {
    return null;
  }
  return Object.fromEntries(
    entries
      .filter(([, kinds]) => kinds.length > 0)
      .map(([worker, kinds]) => [worker, KINDS.filter((kind) => kinds.includes(kind))])
  );
}

/**
 * All of it together.
 *
 * @param {Iterable<Watch>} watches
 * @returns {Watch}
 */
function union(watches) {
  /** @type {Map<string, Set<Kind>>} */
  const all = new Map();
  for (const watch of watches) {
    for (const [worker, kinds] of Object.entries(watch)) {
      all.set(worker, new Set([...(all.get(worker) ?? []), ...kinds]));
    }
  }
  return Object.fromEntries([...all].map(([worker, kinds]) => [worker, KINDS.filter((kind) => kinds.has(kind))]));
}

/**
 * Whether a watch is about this kind of a worker.
 *
 * @param {Watch} watch
 * @param {{ id: string, name: string }} worker
 * @param {Kind} kind
 */
const isWatched = (watch, { id, name }, kind) =>
  [id, name, EVERYONE].some((key) => Object.hasOwn(watch, key) && watch[key].includes(kind));

module.exports = { EVERYONE, KINDS, checkedWatch, isKind, isWatched, union };
