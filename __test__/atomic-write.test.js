'use strict';

// Whoever reads a file while it is replaced, or after a write that failed, finds one whole text.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { LONGEST_DRAFT, writeAtomically } = require('../lib/atomic-write');
const { tempDir } = require('./support/temp-dir');

test('a file is made with its folders, replaced as a whole, and has the mode that is asked for', async () => {
  const dir = tempDir('atomic-write');
  const file = path.join(dir, 'a', 'b', 'file.json');
  await writeAtomically(file, 'a longer first text', { mode: 0o600 });
  await writeAtomically(file, 'two', { mode: 0o600 });
  assert.equal(fs.readFileSync(file, 'utf8'), 'two');
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ['file.json']);
  if (process.platform !== 'win32') {
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  }
});

test("two writers of one file do not take each other's draft", async () => {
  const file = path.join(tempDir('atomic-write'), 'file.json');
  const texts = ['one'.repeat(5000), 'two'.repeat(7000)];
  await Promise.all(
    texts.map(async (text) => {
      for (let count = 0; count < 50; count += 1) {
        await writeAtomically(file, text);
        assert.ok(texts.includes(await fs.promises.readFile(file, 'utf8')));
      }
    })
  );
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ['file.json']);
});

for (const [what, spoil, code] of [
  ['refuses the text', (handle) => ({ writeFile: handle }), 'ENOSPC'],
  ['refuses to sync', (handle) => ({ sync: handle }), 'ENOSPC']
]) {
  test(`a disk that ${what} leaves the file as it was, and no draft`, async (t) => {
    const file = path.join(tempDir('atomic-write'), 'file.json');
    await writeAtomically(file, 'before');
    const openReal = fs.promises.open;
    t.mock.method(fs.promises, 'open', async (...given) => {
      const handle = await openReal(...given);
      return Object.assign(
        handle,
        spoil(async () => {
          throw Object.assign(new Error('no space left'), { code });
        })
      );
    });
    await assert.rejects(writeAtomically(file, 'after'), { code });
    assert.equal(fs.readFileSync(file, 'utf8'), 'before');
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['file.json']);
  });
}

test('what stands in the place of the file stays, and no draft is left', async () => {
  const dir = tempDir('atomic-write');
  const file = path.join(dir, 'file.json');
  fs.mkdirSync(path.join(file, 'inside'), { recursive: true });
  await assert.rejects(writeAtomically(file, 'text'), { code: /EISDIR|ENOTEMPTY|EEXIST|EPERM/ });
  assert.deepEqual(fs.readdirSync(dir), ['file.json']);
});

test('drafts of killed processes go, others and files of anybody else stay', async () => {
  const dir = tempDir('atomic-write');
  const file = path.join(dir, 'a.json');
  const old = (Date.now() - 2 * LONGEST_DRAFT) / 1000;
  for (const [name, isOld] of [
    ['a.json.0123456789ab.new', true],
    ['a.json.0123456789ac.new', false],
    ['a.json.of-a-user.new', true],
    ['b.json.0123456789ab.new', true]
  ]) {
    fs.writeFileSync(path.join(dir, name), 'half');
    if (isOld) {
      fs.utimesSync(path.join(dir, name), old, old);
    }
  }
  await writeAtomically(file, 'text');
  assert.deepEqual(fs.readdirSync(dir).sort(), [
    'a.json',
    'a.json.0123456789ac.new',
    'a.json.of-a-user.new',
    'b.json.0123456789ab.new'
  ]);
});
