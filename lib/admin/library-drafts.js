'use strict';

const fs = require('node:fs');
const path = require('node:path');

// Of what an entry is written to before it takes its place: Node-RED's own, so that what a kill has
// left is known, whoever was writing.
const DRAFT_ENDING = '.$$$';

/** @param {string} name */
const isDraft = (name) => name.endsWith(DRAFT_ENDING);

/**
 * What a library answers, without drafts: the items of a folder, or an entry as it is.
 *
 * @template T
 * @param {T} answer
 * @returns {T}
 */
function withoutDrafts(answer) {
  return Array.isArray(answer)
    ? /** @type {T} */ (answer.filter((item) => typeof item === 'string' || !isDraft(item.fn)))
    : answer;
}

/**
 * Removes the drafts below a folder, where nobody writes meanwhile; returns the paths of those it can't.
 *
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
async function removeDrafts(folder) {
  /** @type {string[]} */
  const left = [];
  // A link may lead to what is not the library's.
  for (const entry of await entriesIn(folder)) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      left.push(...(await removeDrafts(file)));
    } else if (entry.isFile() && isDraft(entry.name)) {
      await fs.promises.rm(file, { force: true }).catch(() => void left.push(file));
    }
  }
  return left;
}

/**
 * A folder that can't be read is told of where its entries are read.
 *
 * @param {string} folder
 */
async function entriesIn(folder) {
  try {
    return await fs.promises.readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

module.exports = { DRAFT_ENDING, isDraft, removeDrafts, withoutDrafts };
