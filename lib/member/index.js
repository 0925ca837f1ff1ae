'use strict';

const { openCore } = require('../binding/core');
const { createEvents } = require('../binding/events');

/**
 * @import { EventName } from '../../binding'
 * @import { Log, Member, Options } from '../types/core'
 */

/**
 * This instance as a member of its cluster: one connection, shared by all that it tells the others of itself and agrees
 * on with them.
 *
 * @param {{ options: Options, userDir: string | undefined, log: Log }} params
 * @returns {Member}
 */
function openMember({ options, userDir, log }) {
  const events = createEvents(log);
  const core = openCore('Member', { options, userDir, log, onEvent: events.onEvent });
  /** @type {Partial<Record<EventName, () => unknown>>} */
  const listeners = {};
  return {
    core,
    listen(given) {
      Object.assign(listeners, given);
      events.listen(listeners);
    },
    close: core.close
  };
}

module.exports = { openMember };
