'use strict';

const { compare } = require('./comparison');

/**
 * @import { Runtime } from '../types/node-red'
 * @import { Configuration, Update } from './comparison'
 * @import { HandOver } from './hand-over'
 * @import { Queue } from './queue'
 * @import { Outcome } from './result'
 * @import { Standing } from './standing'
 */

/** @typedef {ReturnType<typeof createMoves>} Moves */

/**
 * Has Node-RED look again at which tabs it is to run, with the flows that it has: those start or stop, and nothing else.
 *
 * @param {object} params
 * @param {Pick<Runtime, 'settings'>} params.runtime
 * @param {Readonly<Standing>} params.standing
 * @param {Queue} params.queue
 * @param {HandOver} params.handOver
 * @param {(wanted: Configuration, outcome: Outcome, update?: Update) => void} params.settle
 * @param {() => boolean} params.isClosed
 */
function createMoves({ runtime, standing, queue, handOver, settle, isClosed }) {
  async function lookAgain() {
    const { handed, held } = standing;
    const outcome = await handOver(handed, compare(handed, handed), 'nodes');
    settle(handed, outcome, held?.update);
  }

  /**
   * Calls `step()` in the turn of an update. As long as that tells of a change, Node-RED looks again, `settle()` is called
   * when it has done so, and then the next step.
   *
   * @param {{ step: () => boolean, settle: () => void }} params
   */
  async function move({ step, settle: settled }) {
    await queue.update(async () => {
      while (step()) {
        // A deploy would end safe mode.
        if (isClosed() || runtime.settings.safeMode) {
          return;
        }
        await lookAgain();
        settled();
      }
    });
  }

  return { move };
}

module.exports = { createMoves };
