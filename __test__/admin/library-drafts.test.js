'use strict';

// A save that fails, or that a kill ends in its middle, leaves nothing that anybody takes for an entry.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');

const { withoutDrafts } = require('../../lib/admin/library-drafts');
const { writeEntry } = require('../../lib/admin/library-file');
const { Disk } = require('./support/admin-disk');
const { local, namesIn, openLibrary } = require('./support/library');

const inLibrary = (disk) => disk.names().filter((name) => name.startsWith('lib'));

test('an entry with the name of a folder is refused and leaves no draft', async () => {
  const { disk, library } = await openLibrary();
  await library.save('functions', 'dir/f1.js', {}, 'body');
  await assert.rejects(library.save('functions', 'dir', {}, 'body'), { code: /EISDIR|ENOTEMPTY|EEXIST|EPERM/ });
  assert.deepEqual(inLibrary(disk), ['lib/functions/dir/f1.js']);
});

test('a disk that refuses the text of an entry leaves no draft, and the entry as it was', async (t) => {
  const disk = new Disk();
  const file = disk.path('lib/functions/f.js');
  await writeEntry(file, {}, 'before');
  const openReal = fs.promises.open;
  t.mock.method(fs.promises, 'open', async (...given) => {
    const handle = await openReal(...given);
    handle.sync = async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    };
    return handle;
  });
  await assert.rejects(writeEntry(file, {}, 'after'), { code: 'ENOSPC' });
  assert.deepEqual(disk.names(), ['lib/functions/f.js']);
  assert.equal(disk.text('lib/functions/f.js'), 'before');
});

test('what a kill has left is not listed, not mirrored, and removed', async () => {
  const { compared, disk, library } = await openLibrary();
  disk.write('lib/functions/whole.js', 'whole');
  disk.write('lib/functions/whole.js.$$$', 'ha');
  disk.write('lib/functions/sub/other.js.$$$', 'ha');
  assert.deepEqual(withoutDrafts(await local.getLibraryEntry('functions', '')), ['sub', { fn: 'whole.js' }]);
  await library.compare();
  assert.deepEqual(compared.map(namesIn), [['functions/whole.js']]);
  assert.deepEqual(inLibrary(disk), ['lib/functions/whole.js']);
});

test('a draft that was mirrored before is not restored, nor is an entry saved by such a name', async () => {
  const { core, disk, library, lines } = await openLibrary();
  core.onlyThere = [{ type: 'functions', path: 'dir.$$$', entry: '{"fn":"x"}' }];
  await library.compare();
  assert.match(lines.join('\n'), /dir\.\$\$\$ could not be restored/);
  await assert.rejects(library.save('functions', 'dir.$$$', {}, 'body'), /name of a draft/);
  assert.deepEqual(inLibrary(disk), []);
});
