'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/** ms after which a draft that has not become its file was left behind by a process that was killed. */
const LONGEST_DRAFT = 60 * 60 * 1000;

/**
 * Replaces a file as a whole, on disk before it resolves: whoever reads it, also after a power cut,
 * finds the old text or the new one. Folders that are missing are made. Rejects with the error of
 * the file system; what was there is then as it was, and no draft is left.
 *
 * @param {string} file
 * @param {string} text
 * @param {object} [options]
 * @param {number} [options.mode] of the new file, e.g. 0o600; as the system makes files when left out
 * @param {string} [options.ending] of the draft beside it
 */
async function writeAtomically(file, text, { mode, ending = '.new' } = {}) {
  await fs.promises.mkdir(path.dirname(file), { recursive: true });
  // No other writer's: two at a time, also of two processes, must not move away each other's draft.
  const draft = `${file}.${crypto.randomBytes(6).toString('hex')}${ending}`;
  const handle = await fs.promises.open(draft, 'wx', mode);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(draft, file);
  } catch (error) {
    await fs.promises.rm(draft, { force: true }).catch(() => {});
    throw error;
  }
  await removeOldDrafts(file, ending).catch(() => {});
}

/**
 * One that can't be removed does no harm.
 *
 * @param {string} file
 * @param {string} ending
 */
async function removeOldDrafts(file, ending) {
  const folder = path.dirname(file);
  const beginning = `${path.basename(file)}.`;
  for (const name of await fs.promises.readdir(folder)) {
    const isDraft =
      name.startsWith(beginning) &&
      name.endsWith(ending) &&
      /^[0-9a-f]{12}$/.test(name.slice(beginning.length, name.length - ending.length));
    if (isDraft) {
      const draft = path.join(folder, name);
      const { mtimeMs } = await fs.promises.stat(draft);
      if (Date.now() - mtimeMs > LONGEST_DRAFT) {
        await fs.promises.rm(draft, { force: true });
      }
    }
  }
}

module.exports = { LONGEST_DRAFT, writeAtomically };
