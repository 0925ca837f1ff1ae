'use strict';

const path = require('node:path');

const { isObject } = require('../is-object');
const { inspect } = require('./disk-files');

/**
 * @import { AdminCore } from '../types/core'
 * @import { LocalStorage } from '../types/node-red'
 * @import { createMirror } from './mirror'
 * @import { createStored } from './stored'
 */

/**
 * The log-in sessions: those on disk, mirrored, and those of Valkey for a disk that has lost them.
 *
 * @param {object} parts
 * @param {string} parts.userDir
 * @param {LocalStorage} parts.local
 * @param {AdminCore} parts.core
 * @param {ReturnType<typeof createMirror>} parts.mirror
 * @param {ReturnType<typeof createStored>} parts.stored
 */
function createSessions({ userDir, local, core, mirror, stored }) {
  const file = path.join(userDir, '.sessions.json');

  return {
    async load() {
      const sessions = await local.getSessions();
      if (Object.keys(sessions).length > 0) {
        void mirror.quietly(() => core.background.mirrorSessions(JSON.stringify(sessions)));
        return sessions;
      }
      if ((await inspect(file, isObject)).state === 'ok') {
        return sessions;
      }
      return (await stored.sessions()) || sessions;
    },

    /** @param {object} sessions */
    async save(sessions) {
      const text = JSON.stringify(sessions);
      await local.saveSessions(sessions);
      await mirror.quietly(() => core.mirrorSessions(text));
    }
  };
}

module.exports = { createSessions };
