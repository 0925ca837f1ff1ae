'use strict';

/**
 * @import { Configuration, Update } from './comparison'
 * @import { Outcome } from './result'
 */

/**
 * An update that waits for types, and the nodes that stand still meanwhile.
 *
 * @typedef {{ update: Update | undefined, stopped: Set<string> }} Held
 */

/**
 * What Node-RED was given, and what has come of it.
 *
 * @typedef {object} Standing
 * @property {Configuration} handed what it was given last
 * @property {Configuration} running what it was given last and has started
 * @property {Held | undefined} held the update that waits for types
 * @property {boolean} unstarted what was handed over did not start (modules missing)
 * @property {boolean} failed an update ended in the middle
 */

/** @type {Configuration} */
const EMPTY = { flows: [], nodes: new Map(), credentials: new Map() };

/**
 * How it stands before anything was handed over.
 *
 * @returns {Standing}
 */
function createStanding() {
  return { handed: EMPTY, running: EMPTY, held: undefined, unstarted: false, failed: false };
}

/**
 * Node-RED has loaded this.
 *
 * @param {Standing} standing
 * @param {Configuration} configuration
 */
function noteLoad(standing, configuration) {
  Object.assign(standing, createStanding(), { handed: configuration, running: configuration });
}

/**
 * This was handed over to Node-RED, and that has come of it.
 *
 * @param {Standing} standing
 * @param {Configuration} wanted
 * @param {Outcome} outcome
 * @param {Update} [update]
 */
function noteOutcome(standing, wanted, outcome, update) {
  const stopped = new Set([...(standing.held ? standing.held.stopped : []), ...outcome.restarted]);
  standing.handed = wanted;
  standing.failed = false;
  standing.held = outcome.isHeld ? { update, stopped } : undefined;
  standing.unstarted = !standing.held && outcome.missingTypes.length + outcome.missingModules.length > 0;
  if (!standing.held && !standing.unstarted) {
    standing.running = wanted;
  }
}

module.exports = { createStanding, noteLoad, noteOutcome };
