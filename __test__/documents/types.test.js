'use strict';

// The public types, as an editor shows and checks them: every option has a text, with its default and unit, what has
// no effect is struck through, and the settings of the documents compile under the strictest options.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');

const { tempDir } = require('../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..');
const TYPES = path.join(ROOT, 'index.d.ts');
const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  lib: ['lib.es2022.d.ts'],
  types: ['node'],
  typeRoots: [path.join(ROOT, 'node_modules', '@types')],
  baseUrl: ROOT,
  paths: { 'node-red-storage-valkey': ['index.d.ts'] }
};

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

/** What the compiler says of these files. */
function complaints(files) {
  return ts
    .getPreEmitDiagnostics(ts.createProgram(files, OPTIONS))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

function written(name, text) {
  const file = path.join(tempDir('settings'), name);
  fs.writeFileSync(file, text);
  return file;
}

/** Settings files, and fragments of one that begin with `valkey:`, in a document. */
function settingsIn(name) {
  const blocks = [...read(name).matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  return blocks
    .filter((block) => block.includes('module.exports') || block.startsWith('valkey: {'))
    .map((block) =>
      block.startsWith('valkey: {')
        ? `const fs = require('node:fs');\nmodule.exports = {\n/** @type {import('node-red-storage-valkey').ValkeyOptions} */\n${block}};\nvoid fs;\n`
        : block
    );
}

for (const name of ['README.md', 'docs/options.md']) {
  test(`${name}: its settings have the type, and compile`, () => {
    const all = settingsIn(name);
    assert.ok(all.length >= 2);
    for (const settings of all) {
      assert.match(settings, /@type \{import\('node-red-storage-valkey'\)\.ValkeyOptions\}/);
      assert.deepEqual(complaints([written('settings.js', settings)]), [], settings);
    }
  });
}

test('a slip in such settings is found', () => {
  const [settings] = settingsIn('README.md');
  for (const [right, slip] of [
    ['password:', 'pasword:'],
    ["'admin'", "'editor'"]
  ]) {
    const [found] = complaints([written('settings.js', settings.replace(right, slip))]);
    assert.match(found, /pasword|editor/);
  }
});

/** Name, text and tags of every member of an exported interface. */
function membersOf(name) {
  const program = ts.createProgram([TYPES], OPTIONS);
  const checker = program.getTypeChecker();
  let found;
  const visit = (node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === name) {
      found = node;
    }
    ts.forEachChild(node, visit);
  };
  visit(program.getSourceFile(TYPES));
  return checker
    .getTypeAtLocation(found)
    .getProperties()
    .map((symbol) => ({
      name: symbol.name,
      text: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      deprecated: symbol.getJsDocTags().find((tag) => tag.name === 'deprecated')
    }));
}

/** Required, or with no other state than not being there. */
const WITHOUT_DEFAULT = [
  ...['role', 'path', 'url', 'sentinels', 'name', 'cluster', 'timeout'],
  ...['key', 'passphrase', 'checkServerIdentity'],
  'HealthOptions.port'
];

test('every option has a text with its default, and times have their unit', () => {
  for (const name of ['ValkeyOptions', 'TlsOptions', 'HealthOptions', 'ContextOptions']) {
    for (const { name: option, text } of membersOf(name).filter((member) => !member.deprecated)) {
      assert.ok(text.length > 10, `${name}.${option} has no text`);
      if (!WITHOUT_DEFAULT.includes(option) && !WITHOUT_DEFAULT.includes(`${name}.${option}`)) {
        assert.match(text, /Default/, `${name}.${option}`);
      }
      if (/^(\w*Timeout|\w*Time|\w*TTL|retryDelay\w*|\w*Strategy|keepAlive|maxAge)$/.test(option)) {
        assert.match(text, /\bms\b|seconds/, `${name}.${option}`);
      }
    }
  }
});

test('what has no effect, and what is refused, is struck through, and nothing else', () => {
  const text = read('docs/options.md');
  const listed = (beginning) => {
    const [paragraph] = text.slice(text.indexOf(beginning)).split('\n\n');
    return [...paragraph.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  };
  const struck = membersOf('ValkeyOptions')
    .filter((member) => member.deprecated)
    .map((member) => member.name);
  assert.deepEqual(struck.sort(), [...listed('Accepted without effect'), ...listed('Refused by name')].sort());
});
