'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { writeAtomically } = require('../atomic-write');
const { DRAFT_ENDING } = require('./library-drafts');

// As Node-RED's local storage writes it (`localfilesystem/library.js`), which can't be left to it:
// it does not wait for the end of its own writing, and a disk that refuses the file would end the
// process with a rejection that nobody handles.

/** @param {unknown} text */
const singleLine = (text) => String(text).replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/**
 * The file of an entry: its meta as comments, and the body.
 *
 * @param {Record<string, unknown>} meta
 * @param {string} body
 */
function textOf(meta, body) {
  const headers = Object.entries(meta).map(([name, value]) => `// ${name}: ${singleLine(value)}\n`);
  return headers.join('') + body;
}

/**
 * Replaces the file of an entry as a whole, on disk before it returns; leaves nothing when it can't.
 *
 * @param {string} file
 * @param {Record<string, unknown>} meta
 * @param {string} body
 */
function writeEntry(file, meta, body) {
  return writeAtomically(file, textOf(meta, body), { ending: DRAFT_ENDING });
}

/**
 * Throws when a link below `root` leads a file that is to be written there to somewhere else.
 *
 * @param {string} root
 * @param {string} file
 */
async function checkStaysBelow(root, file) {
  const real = await fs.promises.realpath(root);
  for (let folder = path.dirname(file); folder.length > root.length; folder = path.dirname(folder)) {
    let found;
    try {
      found = await fs.promises.realpath(folder);
    } catch (error) {
      if (error.code === 'ENOENT') {
        continue;
      }
      throw error;
    }
    if (!found.startsWith(real + path.sep)) {
      throw new Error('a link leads out of the library folder');
    }
    return;
  }
}

module.exports = { checkStaysBelow, writeEntry };
