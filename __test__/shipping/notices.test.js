'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');

const { PREBUILT } = require('../../lib/binding/platform.js');
const { describe, isAllowed, notices } = require('../../scripts/notices.js');
const { tempDir } = require('../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..');
const { name: NAME, napi } = require('../../package.json');

/** A package as cargo tells of it, with these files in its sources. */
function crate(name, license, files = {}) {
  const folder = path.join(tempDir('crate'), name);
  for (const [file, text] of Object.entries({ 'Cargo.toml': '', ...files })) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  }
  return {
    name,
    version: '1.0.0',
    license,
    license_file: null,
    authors: ['A. Uthor'],
    repository: 'https://example.com/of-it',
    manifest_path: path.join(folder, 'Cargo.toml')
  };
}

test('deny.toml has the platforms that are released', () => {
  const [, list] = fs.readFileSync(path.join(ROOT, 'deny.toml'), 'utf8').match(/^targets = \[([^\]]*)\]/m);
  assert.deepEqual(list.match(/[^"]+(?=",?$)/gm), napi.targets);
});

let texts;
before(() => {
  texts = notices(napi.targets);
});

test('every platform has notices, which name what is linked there and have its texts', () => {
  assert.deepEqual([...texts.keys()].sort(), [...PREBUILT].sort());
  for (const [id, text] of texts) {
    assert.ok(text.startsWith(`The binary in ${NAME}-${id} `), id);
    for (const name of ['napi', 'redis', 'ring', 'rustls', 'tokio', 'zlib-rs']) {
      assert.match(text, new RegExp(`^ {2}${name} \\d+\\.\\S+ +[A-Z]`, 'm'), `${id}: ${name}`);
    }
    for (const words of [
      /^Copyright .*Tokio/m,
      /^Copyright .*The Rust Project/m,
      /Apache License\s+Version 2\.0/,
      /BoringSSL/
    ]) {
      assert.match(text, words, id);
    }
    assert.equal(/^ {2}windows-sys /m.test(text), id.startsWith('win32-'), `${id}: windows-sys`);
    assert.doesNotMatch(
      text,
      /^ {2}(syn|proptest|napi-build|napi-derive) /m,
      'what only builds and tests is not in the binary'
    );
    assert.ok(!text.includes(ROOT) && !text.includes('.cargo'), 'nothing of this machine');
  }
});

test("all packages of this machine's binary are named that have left traces in it", (t) => {
  const found = process.platform === 'linux' && path.join(ROOT, `${NAME}.linux-x64-gnu.node`);
  if (!found || !fs.existsSync(found)) {
    t.skip('no binary here whose traces are known');
    return;
  }
  // Where a panic happened: the paths of sources in cargo's registry.
  const traces = execFileSync('grep', ['-aoE', 'registry/src/[A-Za-z0-9_.-]+/[A-Za-z0-9_.+-]+/src/', found], {
    encoding: 'utf8',
    maxBuffer: 64 << 20
  });
  const names = new Set(
    [...traces.matchAll(/\/([\w-]+)-(\d[\w.+-]*)\/src/g)].map(([, name, version]) => `${name} ${version}`)
  );
  assert.ok(names.size > 5, traces.slice(0, 500));
  const text = texts.get('linux-x64-gnu');
  assert.deepEqual(
    [...names].filter((name) => !text.includes(`  ${name} `)),
    []
  );
});

test('texts that are the same stand there once, those of code taken over too', () => {
  const text = describe('It', [
    crate('one', 'MIT', { LICENSE: 'Copyright one\n\n  the same\n', 'src/inside/COPYING': 'Copyright inside\n' }),
    crate('two', 'MIT', {
      'LICENSE-MIT': 'Copyright one\r\n\r\nthe same',
      'src/license.rs': 'a program',
      'licenses.txt': 'a list'
    }),
    crate('three', 'ISC')
  ]);
  assert.equal(text.split('the same').length, 2);
  assert.match(text, /^one 1\.0\.0: LICENSE\ntwo 1\.0\.0: LICENSE-MIT$/m);
  assert.match(text, /^one 1\.0\.0: src\/inside\/COPYING$/m);
  assert.match(
    text,
    /^ {2}three 1\.0\.0 +ISC\n {4}\(its sources have no text of it; by A\. Uthor https:\/\/example\.com\/of-it\)$/m
  );
  assert.doesNotMatch(text, /licenses\.txt/);
});

test('a licence that is not allowed fails by name', () => {
  const packages = [crate('good', 'MIT', { LICENSE: 'text' }), crate('bad', 'GPL-3.0-only'), crate('unnamed', null)];
  assert.throws(() => describe('It', packages), /bad 1\.0\.0 \(GPL-3\.0-only\), unnamed 1\.0\.0 \(none named\)$/);
});

test('licence expressions', () => {
  for (const expression of [
    'MIT',
    'MIT/Apache-2.0',
    'GPL-2.0-only OR MIT',
    'Unlicense OR MIT',
    'Apache-2.0 AND ISC',
    '(MIT OR GPL-2.0-only) AND Unicode-3.0',
    'Apache-2.0 WITH LLVM-exception OR GPL-2.0-only'
  ]) {
    assert.equal(isAllowed(expression), true, expression);
  }
  for (const expression of [
    '',
    null,
    'GPL-3.0-only',
    'MIT AND GPL-2.0-only',
    'GPL-2.0-only AND MIT',
    '(MIT',
    'MIT MIT',
    'MIT AND',
    '(GPL-2.0-only OR LGPL-3.0-only) AND MIT',
    'GPL-2.0-only WITH Classpath-exception-2.0'
  ]) {
    assert.equal(isAllowed(expression), false, String(expression));
  }
});
