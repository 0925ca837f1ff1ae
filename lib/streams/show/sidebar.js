'use strict';

const { shownPayload } = require('./payload');

/**
 * @import { Runtime } from '../../types/node-red'
 * @import { Said } from './message'
 */

/** Levels of Node-RED's log that the sidebar has a colour for. */
const ERROR = 20;

/**
 * Shows what workers say in the debug sidebar of the editors that are open here.
 *
 * @param {object} params
 * @param {Runtime['events']} params.events
 * @param {{ of(said: Said): object }} params.places
 */
function createSidebar({ events, places }) {
  /** @param {object} data */
  const emit = (data) => void events.emit('comms', { topic: 'debug', data, retain: false });

  return {
    /**
     * @param {string} name of the worker
     * @param {Said} said
     */
    say(name, said) {
      const { msg, topic, property, format, type } = said;
      const level = said.level && Math.max(said.level, ERROR);
      const label = said.name ?? (said.type === undefined ? undefined : `${said.type}: ${said.id}`) ?? said.id;
      emit({
        ...places.of(said),
        name: label === undefined ? `[${name}]` : `[${name}] ${label}`,
        topic,
        property,
        ...shownPayload(msg, format),
        ...(level !== undefined && { level }),
        ...(type === 'function' && { type })
      });
    },

    /**
     * Messages that were left out, so that nobody takes silence for their absence.
     *
     * @param {string} name
     * @param {number} count
     */
    leftOut(name, count) {
      const msg = `${count} left out: too many messages a second`;
      emit({ name: `[${name}]`, msg, format: `string[${msg.length}]`, level: 30 });
    }
  };
}

module.exports = { createSidebar };
