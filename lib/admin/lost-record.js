'use strict';

const fs = require('node:fs');

const { isObject } = require('../is-object');
const { fingerprint, inspect } = require('./disk-files');
const { inStateDir, writePrivately } = require('./state-dir');

/**
 * @import { Log } from '../types/core'
 * @import { Paths } from './disk-files'
 */

const FILE = 'lost.json';

/**
 * What a disk has lost: the flows, the credentials, or all.
 *
 * @typedef {{ flows: boolean, credentials: boolean, fresh: boolean }} Lost
 */

/**
 * The same as it is remembered; `flowsNow`: a fingerprint of the flows then; `replaced`: they were deployed since;
 * `edited`, when it is read: their file is another one now, by a deploy or without one.
 *
 * @typedef {Lost & { flowsNow?: string | null, replaced?: boolean, edited?: boolean }} LostRecord
 */

/**
 * Remembers over a restart that this disk has lost something and has not seen yet what Valkey holds:
 * what came from a backup then looks whole, and would replace the newer deploy in Valkey.
 *
 * @param {string} userDir
 * @param {Log} log
 */
function createLostRecord(userDir, log) {
  const file = inStateDir(userDir, FILE);

  /** @param {LostRecord} record */
  const write = async (record) => {
    try {
      await writePrivately(file, JSON.stringify(record));
    } catch (error) {
      log.warn(`a restart before Valkey is back would forget what was lost: ${error.message}`);
    }
  };

  /** @returns {Promise<LostRecord | null>} */
  const read = async () => {
    const found = await inspect(file, isObject);
    return found.state === 'ok' ? found.value : null;
  };

  return {
    /**
     * `what`: `{ flows, credentials, fresh }`; `paths`: the files as they are now, after all that could be restored.
     *
     * @param {Lost} what
     * @param {Paths | null} paths
     */
    async begin(what, paths) {
      await write({ ...what, flowsNow: paths && (await fingerprint(paths.flows)) });
    },

    /**
     * What was lost, and whether the flows have been edited or deployed since; null when nothing was.
     * Where nobody knows the files, they count as deployed.
     *
     * @param {Paths | null} paths
     */
    async read(paths) {
      const record = await read();
      if (!record) {
        return null;
      }
      const { flowsNow, ...what } = record;
      const edited = !paths || (await fingerprint(paths.flows)) !== flowsNow;
      return { ...what, replaced: what.replaced === true || !paths, edited };
    },

    /** The flows were deployed: Valkey's are to be kept beside, not restored. */
    async replaced() {
      const record = await read();
      if (record) {
        await write({ ...record, replaced: true });
      }
    },

    /** Valkey has been seen. */
    async end() {
      try {
        await fs.promises.rm(file, { force: true });
      } catch (error) {
        log.warn(`this disk is taken for damaged at the next start as well: ${error.message}`);
      }
    }
  };
}

module.exports = { createLostRecord };
