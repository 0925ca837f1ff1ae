'use strict';

const path = require('node:path');

const { createLibrary } = require('../../../lib/admin/library');
const { createLogLines } = require('../../support/log-lines');
const { Disk } = require('./admin-disk');

const local = require(
  path.join(path.dirname(require.resolve('@node-red/runtime/package.json')), 'lib', 'storage', 'localfilesystem')
);

/**
 * The library of an admin with Node-RED's own local storage. `compared` are the listings that Valkey
 * was given, `mirrored` the single entries, `[type, path, entry]`; `core.onlyThere` is what only
 * Valkey has, at the next comparison.
 */
async function openLibrary({ disk = new Disk(), typesAtStart = [], pretty = false } = {}) {
  await local.init({ userDir: disk.dir, flowFile: disk.path('flows.json'), getUserSettings: () => ({}) }, {});
  const compared = [];
  const mirrored = [];
  const core = {
    onlyThere: [],
    background: {
      async reconcileLibrary(text) {
        compared.push(JSON.parse(text));
        return JSON.stringify(core.onlyThere.splice(0));
      }
    },
    async mirrorLibraryEntry(type, file, entry) {
      mirrored.push([type, file, JSON.parse(entry)]);
      return { done: true };
    }
  };
  const { log, lines } = createLogLines();
  const library = createLibrary({ local, log, core, userDir: disk.dir, typesAtStart, pretty });
  return { compared, core, disk, library, lines, local, mirrored };
}

/** What a listing has, as `type/path`. */
const namesIn = ({ entries }) => entries.map(({ type, path: file }) => `${type}/${file}`);

module.exports = { local, namesIn, openLibrary };
