'use strict';

/** @import { StoredDeploy } from '../../binding' */

/**
 * @import { AdminCore } from '../types/core'
 * @import { createMirror } from './mirror'
 */

/** How long is waited for Valkey when the disk has lost something, in ms. */
const RESTORE_TIMEOUT = 3000;
/** The same, after it has been waited for in vain. */
const LATER_RESTORE_TIMEOUT = 300;

/**
 * A deploy to restore from, each part as JSON text; `source`: where it comes from, if not from Valkey.
 *
 * @typedef {Omit<StoredDeploy, 'id' | 'revision'> & { revision?: string, source?: string }} Stored
 */

/**
 * What Valkey holds, for a disk that has lost it.
 *
 * @param {{ core: AdminCore, mirror: ReturnType<typeof createMirror> }} parts
 */
function createStored({ core, mirror }) {
  let timeout = RESTORE_TIMEOUT;

  return {
    /**
     * Flows, credentials and settings; null when Valkey holds none. Rejects when it is away.
     *
     * @returns {Promise<Stored | null>}
     */
    async fetch() {
      try {
        const stored = await core.readForRestore(timeout);
        timeout = RESTORE_TIMEOUT;
        return stored ?? null;
      } catch (error) {
        timeout = LATER_RESTORE_TIMEOUT;
        const { flows, credentials, project } = mirror.onDisk();
        if (flows === null || credentials === null) {
          throw error;
        }
        // What this process had before its files were damaged is what Valkey was given.
        const text = typeof flows === 'string' ? flows : flows.text();
        return { flows: /** @type {string} */ (text), credentials, project, settings: '{}', source: 'memory' };
      }
    },

    /** The log-in sessions; null when Valkey holds none that can be read, or is away. */
    async sessions() {
      const { sessionsIn } = require('../sessions');
      const text = await core.readSessions(RESTORE_TIMEOUT).catch(() => null);
      return text ? sessionsIn(text) : null;
    }
  };
}

module.exports = { createStored };
