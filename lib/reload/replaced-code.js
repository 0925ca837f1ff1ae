'use strict';

const { compare } = require('./comparison');

/**
 * @import { RuntimeWatch } from '../flows/runtime-watch'
 * @import { Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { Configuration } from './comparison'
 * @import { HandOver } from './hand-over'
 * @import { Outdated } from './outdated'
 * @import { Queue } from './queue'
 * @import { Outcome } from './result'
 * @import { Standing } from './standing'
 */

/**
 * Restarts the nodes of types whose code has been replaced, and nothing else.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {Readonly<Standing>} params.standing
 * @param {RuntimeWatch} params.watch
 * @param {Outdated} params.outdated
 * @param {Queue} params.queue
 * @param {HandOver} params.handOver
 * @param {(wanted: Configuration, outcome: Outcome) => void} params.settle
 * @param {() => boolean} params.isClosed
 * @param {(level: keyof Log, text: string) => void} params.log
 */
function createReplacedCode({ runtime, standing, watch, outdated, queue, handOver, settle, isClosed, log }) {
  /**
   * Where nothing can be started now, the next update or load runs the new code. Resolves with the
   * number of nodes restarted.
   *
   * @param {string[]} types
   */
  async function restartTypes(types) {
    outdated.add(types);
    if (watch.isIdle()) {
      return restartNow();
    }
    queue
      .update(restartNow)
      .catch((error) => log('error', `Nodes could not be restarted with their new code: ${error.message}`));
    return 0;
  }

  async function restartNow() {
    const { handed, held, unstarted, failed } = standing;
    const isStanding = held || unstarted || failed || isClosed() || !watch.hasRunningFlows();
    if (isStanding || runtime.settings.safeMode || outdated.nodesOf(handed.flows).size === 0) {
      return 0;
    }
    const outcome = await handOver(handed, compare(handed, handed), 'nodes');
    settle(handed, outcome);
    return outcome.restarted.size;
  }

  return { restartTypes };
}

module.exports = { createReplacedCode };
