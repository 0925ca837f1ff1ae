'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { createSerialQueue } = require('../serial-queue');
const { isDraft, removeDrafts, withoutDrafts } = require('./library-drafts');

/**
 * @import { AdminCore, Log } from '../types/core'
 * @import { LibraryFile, LocalStorage } from '../types/node-red'
 */

/**
 * An entry as the core takes it: `entry` is `{…meta, fn: body}` as JSON text.
 *
 * @typedef {{ type: string, path: string, entry: string }} Entry
 */

/**
 * The library on the admin's disk, as Node-RED's own local storage keeps it: mirrored to
 * Valkey entry by entry, and compared as a whole after each connect. One thing at a time.
 * `typesAtStart` are the types that had a folder before local storage made new ones.
 *
 * @param {object} params
 * @param {Pick<LocalStorage, 'getLibraryEntry'>} params.local
 * @param {Log} params.log
 * @param {AdminCore} params.core
 * @param {string} params.userDir
 * @param {string[]} params.typesAtStart
 * @param {boolean} params.pretty flows are written with line breaks
 */
function createLibrary({ local, log, core, userDir, typesAtStart, pretty }) {
  const root = path.join(userDir, 'lib');
  const queue = createSerialQueue();

  /**
   * @param {string} type
   * @param {string} file
   * @param {Partial<LibraryFile>} meta
   * @returns {Promise<Entry>}
   */
  const read = async (type, file, meta) => {
    const { fn: _name, ...rest } = meta;
    const body = await local.getLibraryEntry(type, file);
    return { type, path: file, entry: JSON.stringify({ ...rest, fn: body }) };
  };

  /**
   * What local storage tells of a folder, `''` the topmost.
   *
   * @param {string} type
   * @param {string} inside
   */
  const itemsIn = async (type, inside) => {
    const answer = await local.getLibraryEntry(type, inside === '' ? '' : `${inside}/`);
    return /** @type {Array<string | LibraryFile>} */ (answer);
  };

  /**
   * Local storage answers for a folder that it can't read as for an empty one, or one that is not there.
   *
   * @param {string} type
   * @param {string} inside
   */
  const listing = async (type, inside) => {
    const items = await itemsIn(type, inside).catch(() => []);
    if (items.length === 0) {
      const names = await fs.promises.readdir(path.join(root, type, inside));
      if (names.some((name) => !name.startsWith('.'))) {
        throw new Error(`library folder ${path.join(type, inside)} can't be read; nothing is compared`);
      }
    }
    return withoutDrafts(items);
  };

  /**
   * @param {string} type
   * @param {string} inside
   * @returns {Promise<Entry[]>}
   */
  const folder = async (type, inside) => {
    /** @type {Entry[]} */
    const found = [];
    for (const item of await listing(type, inside)) {
      const name = typeof item === 'string' ? item : item.fn;
      const below = inside === '' ? name : `${inside}/${name}`;
      if (typeof item === 'string') {
        found.push(...(await folder(type, below)));
      } else {
        found.push(await read(type, below, item));
      }
    }
    return found;
  };

  /**
   * The types whose folder stood at the start or has entries, and every entry, as JSON text; and that
   * the core is to write to disk what only Valkey has.
   */
  const everything = async () => {
    // A folder that can't be read is not an empty one: its entries would be deleted in Valkey.
    /** @type {Entry[]} */
    const entries = [];
    for (const type of await libraryTypes(userDir)) {
      entries.push(...(await folder(type, '')));
    }
    const types = [...typesAtStart, ...entries.map(({ type }) => type)];
    return JSON.stringify({ types, entries, restore: { flows: !pretty } });
  };

  /**
   * @param {string} type
   * @param {string} file
   * @param {Record<string, unknown>} meta
   * @param {string} body
   * @param {{ follow: boolean }} links whether one may lead out of the library
   */
  const save = async (type, file, meta, body, { follow }) => {
    const { checkStaysBelow, writeEntry } = require('./library-file');
    const wanted = type === 'flows' && !file.endsWith('.json') ? `${file}.json` : file;
    if (isDraft(wanted)) {
      throw new Error(`${type}/${wanted} has the name of a draft: choose another one`);
    }
    const target = path.join(root, type, wanted);
    const text = type === 'flows' && pretty ? JSON.stringify(JSON.parse(body), null, 4) : body;
    if (!follow) {
      await checkStaysBelow(root, target);
    }
    await writeEntry(target, meta, text);
    return wanted;
  };

  return {
    /**
     * @param {string} type
     * @param {string} file
     * @param {Record<string, unknown>} meta
     * @param {string} body
     */
    save: (type, file, meta, body) =>
      holdProcess(
        queue.run(async () => {
          const wanted = await save(type, file, meta, body, { follow: true });
          const inside = path.posix.dirname(wanted);
          const items = await itemsIn(type, inside === '.' ? '' : inside);
          const name = path.posix.basename(wanted);
          const found = items.find((item) => typeof item !== 'string' && item.fn === name);
          const { entry } = await read(type, wanted, /** @type {LibraryFile | undefined} */ (found) || {});
          try {
            await core.mirrorLibraryEntry(type, wanted, entry);
          } catch (error) {
            log.warn(`library entry ${type}/${wanted} is saved on disk, but not mirrored: ${error.message}`);
          }
        })
      ),

    /**
     * Compares disk and Valkey; what only Valkey has is written to disk. The core does that for entries
     * whose file it knows, and returns the others.
     */
    compare: () =>
      queue.run(async () => {
        for (const draft of await removeDrafts(root)) {
          log.warn(`a draft that a kill has left can't be removed: ${draft}`);
        }
        /** @type {Entry[]} */
        const onlyThere = JSON.parse(await core.background.reconcileLibrary(await everything()));
        for (const { type, path: file, entry } of onlyThere) {
          const { fn: body, ...meta } = JSON.parse(entry);
          const texts = Object.entries(meta).map(([name, value]) => [name, String(value)]);
          try {
            await save(type, file, Object.fromEntries(texts), body, { follow: false });
            log.info(`library entry ${type}/${file} was restored from Valkey`);
          } catch (error) {
            // The others are restored all the same; this one is tried again at the next comparison.
            log.error(`library entry ${type}/${file} could not be restored to disk: ${error.message}`);
          }
        }
        if (onlyThere.length > 0) {
          await core.background.reconcileLibrary(await everything());
        }
      })
  };
}

/**
 * Somebody waits for it, and it may have to wait for a comparison, which keeps no process.
 *
 * @template T
 * @param {Promise<T>} result
 */
async function holdProcess(result) {
  const hold = setInterval(() => {}, 60_000);
  try {
    return await result;
  } finally {
    clearInterval(hold);
  }
}

/**
 * The types that have a folder in the library.
 *
 * @param {string} userDir
 */
async function libraryTypes(userDir) {
  try {
    const found = await fs.promises.readdir(path.join(userDir, 'lib'), { withFileTypes: true });
    return found.filter((type) => type.isDirectory() && !type.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    if (error.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

module.exports = { createLibrary, libraryTypes };
