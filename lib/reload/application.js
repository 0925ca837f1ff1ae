'use strict';

const { missingTypes } = require('../flows/missing-types');
const { areSameFlows, compare, configuration } = require('./comparison');
const { report } = require('./report');
const { applied, nothing } = require('./result');

/**
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { Configuration, Update } from './comparison'
 * @import { HandOver } from './hand-over'
 * @import { Outcome, Result } from './result'
 * @import { Held, Standing } from './standing'
 */

/**
 * Applies an update, at once or in two steps where it waits for types, and says what has come of it.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {Readonly<Standing>} params.standing
 * @param {HandOver} params.handOver
 * @param {(wanted: Configuration, outcome: Outcome, update?: Update) => void} params.settle
 * @param {(result: Result & { revision?: string }) => void} params.onCompleted
 * @param {(level: keyof Log, text: string) => void} params.log
 */
function createApplication({ runtime, standing, handOver, settle, onCompleted, log }) {
  /** @type {Update | undefined} */
  let waiting; // the newest update that safe mode keeps from being applied
  let isSafeModeTold = false;

  /** @param {Update} update */
  function stayInSafeMode(update) {
    waiting = update;
    if (!isSafeModeTold) {
      isSafeModeTold = true;
      log('warn', 'Node-RED runs in safe mode: updates are not applied until it is started without --safe.');
    }
    return nothing({ safeMode: true });
  }

  /** @param {Update} update */
  async function applyNow(update) {
    const { handed, held } = standing;
    const wanted = configuration(update);
    const difference = compare(handed, wanted);
    const isSame = difference.credentials.length === 0 && areSameFlows(handed.flows, wanted.flows);
    if (isSame && !standing.failed && !standing.unstarted) {
      waiting = undefined;
      return nothing({ missingTypes: held ? missingTypes(wanted.flows, runtime.nodes.getType) : [] });
    }
    if (runtime.settings.safeMode) {
      return stayInSafeMode(update);
    }
    waiting = undefined;
    const begun = Date.now();
    const outcome = await handOver(wanted, difference);
    const changed = difference.changed.concat(difference.credentials.filter((id) => handed.nodes.has(id)));
    settle(wanted, outcome, update);
    const result = applied(difference, changed, outcome, begun);
    log(...report(update.revision, result));
    return result;
  }

  /**
   * Starts an update whose types have come.
   *
   * @param {Held} expected
   */
  async function completeNow({ update, stopped }) {
    const { handed, running } = standing;
    const begun = Date.now();
    const difference = compare(running, handed);
    const outcome = await handOver(handed, compare(handed, handed));
    settle(handed, outcome, update);
    if (standing.held) {
      return;
    }
    const restarted = new Set([...stopped, ...outcome.restarted]);
    const result = applied(difference, difference.changed, { ...outcome, restarted }, begun);
    log(...report(update?.revision, result, true));
    onCompleted({ revision: update?.revision, ...result });
  }

  return {
    applyNow,
    completeNow,
    waitingUpdate: () => waiting,
    /** A load has taken its place. */
    forgetWaiting: () => {
      waiting = undefined;
    }
  };
}

module.exports = { createApplication };
