'use strict';

const fs = require('node:fs');

const { isObject } = require('../is-object');
const { fingerprint, inspect } = require('./disk-files');
const { inStateDir, writePrivately } = require('./state-dir');

/**
 * @import { Log } from '../types/core'
 * @import { Paths } from './disk-files'
 */

const FILE = 'deploy-journal.json';

/**
 * What was on the disk before a deploy: a fingerprint of the flows, and the text of the credentials.
 *
 * @typedef {{ flowsFile: string, credentialsFile: string, flows: string, previous: string | null }} Entry
 */

/**
 * A deploy writes two files, credentials and then flows; a kill between the two would leave
 * credentials of one deploy beside flows of another. The journal says, from before the first
 * write until after the second, what the credentials were.
 *
 * @param {string} userDir
 * @param {Log} log
 */
function createJournal(userDir, log) {
  const file = inStateDir(userDir, FILE);

  /** @returns {Promise<Entry | null>} */
  const read = async () => {
    const found = await inspect(file, isObject);
    return found.state === 'ok' ? found.value : null;
  };

  const remove = () => fs.promises.rm(file, { force: true });

  /** @param {Entry} entry */
  const rollBack = async (entry) => {
    if (entry.previous === null) {
      await fs.promises.rm(entry.credentialsFile, { force: true });
    } else {
      await writePrivately(entry.credentialsFile, entry.previous);
    }
    await remove();
  };

  return {
    /**
     * Before the credentials are written.
     *
     * @param {Paths} files
     */
    async begin(files) {
      const entry = {
        flowsFile: files.flows,
        credentialsFile: files.credentials,
        flows: await fingerprint(files.flows),
        previous: await textOf(files.credentials)
      };
      await writePrivately(file, JSON.stringify(entry));
    },

    /** After both are written, or when the credentials were saved alone. */
    end: remove,

    /** After the flows could not be written: the credentials become what they were. */
    async undo() {
      const entry = await read();
      if (entry) {
        await rollBack(entry);
      }
    },

    /**
     * At start, before anything is read or mirrored. `opens(text)` tells whether credentials can
     * be decrypted with what this admin has: the old ones are only put back when they can.
     *
     * @param {(text: string) => boolean} opens
     */
    async recover(opens) {
      const entry = await read();
      if (!entry) {
        await remove();
        return;
      }
      const flowsWritten = (await fingerprint(entry.flowsFile)) !== entry.flows;
      const changed = (await textOf(entry.credentialsFile)) !== entry.previous;
      if (flowsWritten || !changed) {
        await remove();
        return;
      }
      if (entry.previous !== null && !opens(entry.previous)) {
        log.warn(
          'the last deploy was cut short after its credentials were written; the earlier ones can no longer be decrypted, so the new ones stay'
        );
        await remove();
        return;
      }
      await rollBack(entry);
      log.warn('the last deploy was cut short before its flows were written: its credentials were rolled back');
    }
  };
}

/** @param {string} file */
async function textOf(file) {
  try {
    return await fs.promises.readFile(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

module.exports = { createJournal };
