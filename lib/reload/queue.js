'use strict';

const { codedError } = require('../errors');
const { createSerialQueue } = require('../serial-queue');

/** @import { RuntimeWatch } from '../flows/runtime-watch' */

/** @typedef {ReturnType<typeof createQueue>} Queue */

/**
 * Who may change what runs: one update after the other, and tasks that want no update beside them.
 *
 * @param {object} options
 * @param {Pick<RuntimeWatch, 'isIdle' | 'whenIdle'>} options.watch what Node-RED does by itself
 * @param {number} options.deadline ms that an update waits for Node-RED's own start
 */
function createQueue({ watch, deadline }) {
  const queue = createSerialQueue();
  const apart = createSerialQueue(); // tasks that want no update beside them
  /** @type {Promise<void>} */
  let inHand = Promise.resolve(); // what changes Node-RED right now

  /** @returns {Promise<void>} */
  function untilIdle() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        cancel();
        reject(
          codedError(
            'ERR_VALKEY_RELOAD_TIMEOUT',
            `Node-RED has not finished its own start within ${Math.round(deadline / 1000)} s.`
          )
        );
      }, deadline);
      timer.unref();
      const cancel = watch.whenIdle(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * @template T
   * @param {Promise<T>} result
   */
  function handing(result) {
    inHand = result.then(
      () => {},
      () => {}
    );
    return result;
  }

  /**
   * Calls `begin()` in its turn, once nothing of Node-RED's own and no task apart is under way;
   * not at all when it is not wanted any more as its turn comes.
   *
   * @template T
   * @param {() => Promise<T>} begin
   * @param {() => boolean} [isWanted]
   * @returns {Promise<T | undefined>}
   */
  function update(begin, isWanted = () => true) {
    return queue.run(async () => {
      while (isWanted()) {
        await untilIdle();
        const awaited = apart.idle();
        await awaited;
        // Nothing may come between this look and the beginning.
        if (awaited === apart.idle() && watch.isIdle()) {
          return handing(begin());
        }
      }
      return undefined;
    });
  }

  /**
   * Calls `task` while no update is being applied; none begins until it is over. A load or start
   * of Node-RED's own is not waited for, nor what waits for that: it may itself wait for the
   * packages that the task brings.
   *
   * @template T
   * @param {() => T | Promise<T>} task
   * @returns {Promise<T>}
   */
  function exclusively(task) {
    return apart.run(async () => {
      await inHand;
      return handing((async () => task())());
    });
  }

  return {
    inTurn: queue.run,
    update,
    exclusively,
    /** Resolves when nothing changes Node-RED right now. */
    inHand: () => inHand,
    /** Resolves when no update is being applied or waits for its turn. */
    idle: () => Promise.all([queue.idle(), apart.idle()]).then(() => {})
  };
}

module.exports = { createQueue };
