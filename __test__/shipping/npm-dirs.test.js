'use strict';

// npm/: one folder a platform, as package.json has them.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { PREBUILT } = require('../../lib/binding/platform.js');
const { pack } = require('../../scripts/pack.js');
const { NPM_DIRS, createNpmDirs } = require('../../scripts/npm-dirs.js');
const { tempDir } = require('../support/temp-dir.js');

const { name: NAME, version: VERSION, license: LICENSE, engines: ENGINES } = require('../../package.json');

const read = (...names) => fs.readFileSync(path.join(...names), 'utf8');
const manifestOf = (dir, id) => JSON.parse(read(dir, id, 'package.json'));

/** Every file below a folder, by its name. */
function contents(dir) {
  const files = fs.readdirSync(dir, { recursive: true }).map(String);
  return Object.fromEntries(
    files.filter((name) => fs.statSync(path.join(dir, name)).isFile()).map((name) => [name, read(dir, name)])
  );
}

test('there is a folder for each platform, and no other', () => {
  assert.deepEqual(fs.readdirSync(NPM_DIRS).sort(), [...PREBUILT].sort());
});

for (const id of PREBUILT) {
  test(`npm/${id} names itself, its binary and what npm chooses it by`, () => {
    const { name, version, main, files, license, engines, os, cpu, libc, ...rest } = manifestOf(NPM_DIRS, id);
    const [system, processor, abi] = id.split('-');
    assert.deepEqual(
      { name, version, main, license, engines, os, cpu, libc },
      {
        name: `${NAME}-${id}`,
        version: VERSION,
        main: `${NAME}.${id}.node`,
        license: LICENSE,
        engines: ENGINES,
        os: [system],
        cpu: [processor],
        libc: system === 'linux' ? [abi.startsWith('musl') ? 'musl' : 'glibc'] : undefined
      }
    );
    assert.deepEqual(files, [main, 'THIRD-PARTY-NOTICES']);
    assert.deepEqual(Object.keys(rest).sort(), ['description', 'keywords'], 'nothing runs, nothing is depended on');
    assert.match(read(NPM_DIRS, id, 'README.md'), new RegExp(`^# \`${name}\`\n`));
  });
}

test('they are what package.json and the napi CLI make: npm run create-npm-dirs', () => {
  const root = tempDir('npm-dirs');
  fs.copyFileSync(path.join(NPM_DIRS, '..', 'package.json'), path.join(root, 'package.json'));
  createNpmDirs(root);
  assert.deepEqual(contents(NPM_DIRS), contents(path.join(root, 'npm')));
});

test('what is packed is a copy, with nothing more than the size of its binary', () => {
  const binaries = tempDir('binaries');
  const [id] = PREBUILT;
  fs.writeFileSync(path.join(binaries, `${NAME}.${id}.node`), 'twelve bytes');
  const before = contents(NPM_DIRS);
  const packages = pack({ out: tempDir('pack'), binaries, env: {} });
  assert.deepEqual(contents(NPM_DIRS), before);
  const { folder } = packages.find((one) => one.id === id);
  const packed = manifestOf(path.dirname(folder), id);
  assert.deepEqual(packed, { ...manifestOf(NPM_DIRS, id), binarySize: 12 });
});
