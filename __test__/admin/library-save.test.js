'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { test } = require('node:test');
const { promisify } = require('node:util');

const { tempDir } = require('../support/temp-dir.js');

// A comparison whose answer comes from somewhere that keeps no process, as the core's does.
const SAVE_BESIDE_COMPARISON = `
const { createLibrary } = require('./lib/admin/library');
const core = {
  background: { reconcileLibrary: () => new Promise((resolve) => { setTimeout(resolve, 500, '[]').unref(); }) },
  mirrorLibraryEntry: async () => ({ done: true })
};
const local = { getLibraryEntry: async () => [] };
const library = createLibrary({
  local, core, userDir: process.argv[1], typesAtStart: [], pretty: false, log: console
});
const compared = library.compare();
if (process.argv[2] === 'save') {
  library.save('functions', 'a.js', {}, 'body').then(() => console.log('saved'));
}
compared.then(() => console.log('compared'));
`;

const run = async (what) => {
  const args = ['-e', SAVE_BESIDE_COMPARISON, tempDir('library'), what];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: `${__dirname}/../..`, timeout: 60_000 });
  return stdout;
};

test('a comparison keeps no process, but who waits for a save behind it is not cut off', async () => {
  assert.equal(await run('compare'), '');
  assert.equal(await run('save'), 'compared\nsaved\n');
});
