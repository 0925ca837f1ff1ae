'use strict';

const { setTimeout: delay } = require('node:timers/promises');

/**
 * Calls `condition` until it gives something truthy, and returns that. What it throws counts as
 * "not yet" and is told when the deadline passes.
 *
 * @param {() => any} condition may be async
 * @param {object} [options]
 * @param {number} [options.deadline] ms; nothing that is in order takes as long on a machine that has other things to do
 * @param {number} [options.interval] ms
 * @param {string | (() => string)} [options.message] what was waited for
 */
async function until(condition, { deadline = 30_000, interval = 20, message = 'the condition' } = {}) {
  const end = performance.now() + deadline;
  let failure;
  for (;;) {
    try {
      const result = await condition();
      if (result) {
        return result;
      }
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= end) {
      const what = typeof message === 'function' ? message() : message;
      throw new Error(`no ${what} within ${deadline} ms${failure ? `: ${failure.message}` : ''}`, { cause: failure });
    }
    await delay(interval);
  }
}

module.exports = { until };
