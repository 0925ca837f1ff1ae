'use strict';

const { setTimeout: delay } = require('node:timers/promises');

const { openCore } = require('../binding/core');
const { readMessage } = require('../streams/show/message');
const { createNames } = require('../streams/show/names');

/**
 * @import { Context } from '.'
 * @import { Kind } from '../streams/kinds'
 * @import { Message } from '../streams/show/message'
 */

/** ms until it is looked again how many messages were left out. */
const COUNT_AGAIN = 1000;
/** ms in which workers are told that nobody looks any more; without that they cease within 30 s. */
const FAREWELL = 1000;

/**
 * Hears workers over connections of this command's own.
 *
 * @param {Pick<Context, 'coreOptions' | 'log'>} context
 * @param {(message: Message) => void} onMessage what was understood, under the names of the fleet
 */
function openLogsConnection({ coreOptions, log }, onMessage) {
  /** @type {NodeJS.Timeout | undefined} */
  let counting;
  let isLooking = false;
  let isClosed = false;

  const hear = () => {
    const { messages, leftOut } = core.takeHeard();
    for (const message of messages.map(readMessage)) {
      if (message) {
        onMessage({ ...message, worker: { ...message.worker, name: names.of(message.worker) } });
      }
    }
    if (leftOut > 0) {
      onMessage({ worker: { id: 'fleet', name: 'fleet' }, kind: 'left out', count: leftOut });
      counting ??= setTimeout(() => {
        counting = undefined;
        hear();
      }, COUNT_AGAIN);
    }
  };

  const core = openCore('Member', {
    options: coreOptions(),
    userDir: undefined,
    log,
    onEvent(event) {
      if (event === 'heard' && !isClosed) {
        hear();
      }
    }
  });
  // What is done in the background does not keep the process.
  const alive = setInterval(() => {}, 60_000);
  const names = createNames({ read: core.readMembers });

  return {
    /**
     * Looks at this for the next 30 s, at workers by their names or ids; rejects with what is in the way.
     *
     * @param {string[]} workers
     * @param {Kind[]} kinds
     */
    async look(workers, kinds) {
      await names.refresh();
      const keys = workers.map((worker) => names.idOf(worker) ?? worker);
      await core.background.look(Object.fromEntries(keys.map((worker) => [worker, kinds.join()])));
      isLooking = true;
    },

    async close() {
      isClosed = true;
      clearTimeout(counting);
      if (isLooking) {
        const late = new AbortController();
        const farewell = core.background.look({}).catch(() => {});
        await Promise.race([farewell, delay(FAREWELL, undefined, { signal: late.signal }).catch(() => {})]);
        late.abort();
      }
      clearInterval(alive);
      await core.close();
    }
  };
}

module.exports = { openLogsConnection };
