'use strict';

// The library on the admin's disk, compared with what Valkey holds, and saved entry by entry.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { libraryTypes } = require('../../lib/admin/library');
const { until } = require('../support/wait');
const { Disk } = require('./support/admin-disk');
const { namesIn, openLibrary } = require('./support/library');

const inValkey = (type, file, entry) => ({ type, path: file, entry: JSON.stringify(entry) });

test('a comparison hands over every entry as Node-RED reads it', async () => {
  const { compared, disk, library } = await openLibrary();
  disk.write('lib/functions/a.js', '// name: A\n// outputs: 2\nreturn msg;\n// no header: any more');
  disk.write('lib/functions/sub/deeper/b.js', 'b');
  disk.write('lib/flows/f.json', '[]');
  disk.write('lib/functions/.hidden', 'x');
  await library.compare();
  const [{ entries }] = compared;
  assert.deepEqual(
    entries.map(({ entry, ...named }) => ({ ...named, entry: JSON.parse(entry) })),
    [
      { type: 'flows', path: 'f.json', entry: { fn: '[]' } },
      { type: 'functions', path: 'sub/deeper/b.js', entry: { fn: 'b' } },
      { type: 'functions', path: 'a.js', entry: { name: 'A', outputs: '2', fn: 'return msg;\n// no header: any more' } }
    ]
  );
  assert.equal(compared.length, 1, 'nothing was restored: once is enough');
});

test('types that had a folder at the start are named, and those with entries', async () => {
  const disk = new Disk();
  fs.mkdirSync(disk.path('lib/functions'), { recursive: true });
  disk.write('lib/.git/config', '');
  disk.write('lib/a file', '');
  const typesAtStart = await libraryTypes(disk.dir);
  assert.deepEqual(typesAtStart, ['functions']);
  const { compared, library } = await openLibrary({ disk, typesAtStart });
  disk.write('lib/templates/t.html', 't');
  await library.compare();
  // Local storage itself makes `lib/flows`: that it is empty says nothing of what was deleted.
  assert.deepEqual([...new Set(compared[0].types)].sort(), ['functions', 'templates']);
});

test('a disk without a library has no types', async () => {
  assert.deepEqual(await libraryTypes(new Disk().dir), []);
});

test('what only Valkey has is written to disk, and is known to be there then', async () => {
  const { compared, core, disk, library, lines, local } = await openLibrary();
  core.onlyThere = [
    inValkey('functions', 'sub/a.js', { name: 'A', outputs: 2, fn: 'line 1\nline 2' }),
    inValkey('flows', 'f.json', { fn: '[{"id":"a"}]' })
  ];
  await library.compare();
  assert.equal(disk.text('lib/functions/sub/a.js'), '// name: A\n// outputs: 2\nline 1\nline 2');
  assert.equal(disk.text('lib/flows/f.json'), '[{"id":"a"}]');
  assert.equal(await local.getLibraryEntry('functions', 'sub/a.js'), 'line 1\nline 2');
  assert.deepEqual(compared.map(namesIn), [[], ['flows/f.json', 'functions/sub/a.js']]);
  assert.deepEqual(lines, [
    'info: library entry functions/sub/a.js was restored from Valkey',
    'info: library entry flows/f.json was restored from Valkey'
  ]);
});

test('an entry that the disk refuses is told, and the others are restored', async () => {
  const { core, disk, library, lines } = await openLibrary();
  disk.write('lib/functions/a', 'a file in the place of a folder');
  core.onlyThere = [inValkey('functions', 'a/b.js', { fn: 'b' }), inValkey('functions', 'c.js', { fn: 'c' })];
  await library.compare();
  assert.match(lines[0], /^error: library entry functions\/a\/b\.js could not be restored to disk: /);
  assert.equal(disk.text('lib/functions/c.js'), 'c');
});

test('a link that leads out of the library is not followed for what comes from Valkey', async (t) => {
  const { core, disk, library, lines } = await openLibrary();
  const elsewhere = new Disk();
  fs.mkdirSync(disk.path('lib/functions'), { recursive: true });
  try {
    fs.symlinkSync(elsewhere.dir, disk.path('lib/functions/out'), 'dir');
  } catch (error) {
    t.skip(error.message);
    return;
  }
  core.onlyThere = [
    inValkey('functions', 'out/a.js', { fn: 'a' }),
    inValkey('functions', 'out/new/b.js', { fn: 'b' }),
    inValkey('functions', 'c.js', { fn: 'c' })
  ];
  await library.compare();
  assert.deepEqual(elsewhere.names(), []);
  assert.equal(lines.filter((line) => /a link leads out of the library folder$/.test(line)).length, 2, lines.join());
  assert.equal(disk.text('lib/functions/c.js'), 'c');
  // Somebody here has made it, and may use it.
  await library.save('functions', 'out/mine.js', {}, 'mine');
  assert.deepEqual(elsewhere.names(), ['mine.js']);
});

test('a folder that can not be read is not taken for an empty one', async (t) => {
  const { compared, disk, library } = await openLibrary();
  disk.write('lib/functions/sub/a.js', 'a');
  try {
    // Node-RED lists a folder with a broken link in it as empty.
    fs.symlinkSync('nowhere', disk.path('lib/functions/sub/broken'));
  } catch (error) {
    t.skip(error.message);
    return;
  }
  await assert.rejects(library.compare(), /library folder functions.sub can't be read; nothing is compared/);
  assert.deepEqual(compared, []);
  fs.rmSync(disk.path('lib/functions/sub/broken'));
  await library.compare();
  assert.deepEqual(compared.map(namesIn), [['functions/sub/a.js']]);
});

test('an entry is on disk and then in Valkey, as Node-RED reads it', async () => {
  const { disk, library, mirrored } = await openLibrary();
  await library.save('functions', 'sub/a.js', { name: 'A\nB \\', outputs: 1 }, 'body');
  assert.equal(disk.text('lib/functions/sub/a.js'), '// name: A\\nB \\\\\n// outputs: 1\nbody');
  assert.deepEqual(mirrored, [['functions', 'sub/a.js', { name: 'A\nB \\', outputs: '1', fn: 'body' }]]);
});

for (const [pretty, text] of [
  [false, '[{"id":"a"}]'],
  [true, JSON.stringify([{ id: 'a' }], null, 4)]
]) {
  test(`flows get the ending .json, ${pretty ? 'and are spread out where settings.js says so' : 'as they are'}`, async () => {
    const { disk, library, mirrored } = await openLibrary({ pretty });
    await library.save('flows', 'mine', {}, '[{"id":"a"}]');
    assert.equal(disk.text('lib/flows/mine.json'), text);
    assert.deepEqual(mirrored, [['flows', 'mine.json', { fn: text }]]);
  });
}

test('an entry is saved without Valkey, and says so', async () => {
  const { core, disk, library, lines } = await openLibrary();
  core.mirrorLibraryEntry = async () => {
    throw new Error('no connection');
  };
  await library.save('functions', 'a.js', {}, 'a');
  assert.equal(disk.text('lib/functions/a.js'), 'a');
  assert.deepEqual(lines, ['warn: library entry functions/a.js is saved on disk, but not mirrored: no connection']);
});

test('an entry that the disk refuses is an error, and is not mirrored', async () => {
  const { disk, library, mirrored } = await openLibrary();
  disk.write('lib/functions/a', 'a file in the place of a folder');
  await assert.rejects(library.save('functions', 'a/b.js', {}, 'b'));
  assert.deepEqual(mirrored, []);
  await library.save('functions', 'c.js', {}, 'c');
  assert.equal(mirrored.length, 1, 'the next one is');
});

test('a save waits for a comparison, which must not see half of it', async () => {
  const { core, disk, library, mirrored } = await openLibrary();
  let answer;
  core.background.reconcileLibrary = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const compared = library.compare();
  const saved = library.save('functions', 'a.js', {}, 'a');
  await until(() => answer, { message: 'the comparison' });
  assert.ok(!disk.has(path.join('lib', 'functions', 'a.js')));
  answer('[]');
  await Promise.all([compared, saved]);
  assert.equal(disk.text('lib/functions/a.js'), 'a');
  assert.equal(mirrored.length, 1);
});
