'use strict';

// The codes of errors: what the core and the JavaScript side can give, the public type and the table are one list.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '..', '..');
const CODE = /ERR_VALKEY_[A-Z_]*[A-Z]/g;

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const sorted = (codes) => [...new Set(codes)].sort();

function scriptsIn(folder) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? scriptsIn(name) : entry.name.endsWith('.js') ? [name] : [];
  });
}

const scripts = ['index.js', 'context.js', ...scriptsIn('lib')].map((name) => ({ name, text: read(name) }));
/** Of the function that gives an error its code, on the Rust side. */
const ofCore = sorted(read('src/error.rs').match(CODE));
const ofScripts = sorted(
  scripts.flatMap(({ text }) => [...text.matchAll(/codedError\(\s*'(\w+)'/g)].map(([, code]) => code))
);
const all = sorted([...ofCore, ...ofScripts]);

test('both sides give codes', () => {
  assert.ok(ofCore.includes('ERR_VALKEY_UNAVAILABLE'), ofCore.join());
  assert.ok(ofScripts.includes('ERR_VALKEY_BINARY'), ofScripts.join());
});

test('errors get their codes in lib/errors.js alone, and nothing looks for one that is not given', () => {
  for (const { name, text } of scripts.filter((script) => script.name !== path.join('lib', 'errors.js'))) {
    assert.doesNotMatch(text, /code(:| =) 'ERR_VALKEY/, name);
    for (const code of text.match(CODE) || []) {
      assert.ok(all.includes(code), `${name}: ${code}`);
    }
  }
});

test('the public type has all codes', () => {
  const [, union] = /type ErrorCode =([^;]*);/.exec(read('index.d.ts'));
  assert.deepEqual(
    [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code),
    all
  );
});

test('the table has all codes, and what to do about each', () => {
  const [, section] = read('docs/operations.md').split('\n### Codes of errors\n');
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | '));
  assert.deepEqual(
    rows.map(([code]) => code.match(/`(\w+)`/)[1]),
    all
  );
  for (const [code, ...cells] of rows) {
    assert.equal(cells.length, 2, code);
    assert.ok(
      cells.every((cell) => cell.length > 2),
      code
    );
  }
});
