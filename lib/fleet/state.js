'use strict';

/** @import { Report } from './received' */

/** An instance of which nothing was heard for so long is lost, in ms. */
const LOST_AFTER = 7000;
/** An event loop that did not turn for so long is blocked, in ms: JavaScript reports every 2 s. */
const BLOCKED_AFTER = 4000;

/** @typedef {'in step' | 'behind' | 'not ready' | 'lost'} State */

/** @param {number} ms */
const seconds = (ms) => `${Math.round(ms / 1000)} s`;

/**
 * How an instance stands, and why it is not in step.
 *
 * @param {Report} report
 * @param {object} seen
 * @param {number} seen.silent for how long nothing was heard of it, in ms
 * @param {string | null} seen.stored the revision that is stored, as far as it is known
 * @returns {{ state: State, error: string | null }}
 */
function stateOf(report, { silent, stored }) {
  const { role, revision, ready, missing, notes, tick, lastError } = report;
  if (silent > LOST_AFTER) {
    return { state: 'lost', error: `nothing was heard of it for ${seconds(silent)}` };
  }
  const told = missing[0] || null;
  if (tick > BLOCKED_AFTER) {
    return { state: 'not ready', error: `its event loop has been blocked for ${seconds(tick)}` };
  }
  if (!ready) {
    return { state: 'not ready', error: told || 'it does not say why' };
  }
  if (role === 'worker' && stored !== null && revision !== stored) {
    return { state: 'behind', error: notes[0] || (lastError && lastError.ago < 60 ? lastError.text : null) };
  }
  return { state: 'in step', error: null };
}

/**
 * How many deploys a revision is behind the newest: 0 for that itself, null when nobody knows.
 *
 * @param {string | null} revision
 * @param {string | null} stored
 * @param {string[]} recent the newest first
 */
function behindBy(revision, stored, recent) {
  if (stored === null || revision === null) {
    return null;
  }
  if (revision === stored) {
    return 0;
  }
  const known = recent[0] === stored ? recent : [stored, ...recent];
  const at = known.indexOf(revision);
  return at < 0 ? null : at;
}

module.exports = { BLOCKED_AFTER, LOST_AFTER, behindBy, stateOf };
