'use strict';

/** @import { EventFunction, EventName } from '../../binding' */

/**
 * What the core tells outside of calls. It may begin before those are there that it is meant for:
 * what it says until then is kept. An event only says that it is time to look, so that one of a
 * kind is as good as several.
 *
 * @param {{error(text: string): void}} log
 */
function createEvents(log) {
  /** @type {Set<EventName>} */
  const early = new Set();
  /** @type {Partial<Record<EventName, () => unknown>> | null} */
  let listeners = null;

  /** @type {EventFunction} */
  const onEvent = (event) => {
    if (listeners) {
      void tell(event, listeners[event]);
    } else {
      early.add(event);
    }
  };

  /**
   * @param {EventName} event
   * @param {(() => unknown) | undefined} listener
   */
  const tell = async (event, listener) => {
    try {
      await (listener && listener());
    } catch (error) {
      log.error(`${event}: ${error instanceof Error ? error.message : error}`);
    }
  };

  return {
    /** For the core. */
    onEvent,

    /**
     * From now on each event is told, what came earlier at once.
     *
     * @param {Partial<Record<EventName, () => unknown>>} given a listener an event; one that fails is logged
     */
    listen(given) {
      listeners = given;
      early.forEach(onEvent);
      early.clear();
    }
  };
}

module.exports = { createEvents };
