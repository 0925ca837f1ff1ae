'use strict';

const { setTimeout: delay } = require('node:timers/promises');

const { openCore } = require('../binding/core');

/**
 * @import { Context } from '.'
 * @import { Fleet } from '../types/fleet'
 */

/** How long a server that does not answer is waited for, in ms. */
const PATIENCE = 5000;
/** Between two attempts, in ms. */
const PAUSE = 100;

/**
 * The fleet, read over a connection of this command's own.
 *
 * @param {Pick<Context, 'coreOptions' | 'log' | 'interrupted'>} context
 */
function openFleetConnection({ coreOptions, log, interrupted }) {
  const core = openCore('Member', { options: coreOptions(), userDir: undefined, log, onEvent() {} });
  return {
    /**
     * Rejects when the server is away for longer than a moment.
     *
     * @param {number} [patience] ms
     * @returns {Promise<Fleet>}
     */
    async read(patience = PATIENCE) {
      const deadline = performance.now() + patience;
      for (;;) {
        try {
          const { length } = await core.readFleet();
          const text = Buffer.alloc(length);
          return JSON.parse(text.toString('utf8', 0, core.takeFleet(text)));
        } catch (error) {
          if (performance.now() >= deadline || interrupted.aborted || error.code === 'ERR_VALKEY_PERMISSION') {
            throw error;
          }
          await delay(PAUSE, undefined, { signal: interrupted }).catch(() => {});
        }
      }
    },
    close: core.close
  };
}

module.exports = { openFleetConnection };
