'use strict';

// The documents: every link leads somewhere, and every line of a log that they quote is in the source.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '..', '..');
/** Fragments of a quoted line that are shorter tell nothing. */
const TELLING = 6;

function markdownIn(folder) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    return entry.isDirectory() ? markdownIn(name) : entry.name.endsWith('.md') ? [name] : [];
  });
}

/** Lines that are put together from these. */
const COMPOSED = {
  "option 'name' is '…', which no Sentinel knows": ["option '", 'which no Sentinel knows'],
  "key '…credentials': …": ["key '${keys.credentials}':"],
  "Valkey holds no flows yet: waiting for the admin's first deploy": [
    'Valkey holds no flows',
    "yet: waiting for the admin's first deploy"
  ],
  'Valkey is not reachable and there is no earlier copy here': [
    'Valkey is not reachable',
    'and there is no earlier copy here'
  ]
};

const DOCUMENTS = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...markdownIn('docs'),
  ...markdownIn('examples')
];

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const withoutBlocks = (text) => text.replace(/^```[\s\S]*?^```$/gm, '');

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf(name) {
  return new Set(
    [...withoutBlocks(read(name)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-')
    )
  );
}

for (const name of DOCUMENTS) {
  test(`${name}: its links lead somewhere`, () => {
    const targets = [...withoutBlocks(read(name)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
    for (const target of targets.filter((link) => !/^https?:/.test(link))) {
      const [file, anchor] = target.split('#');
      const linked = file ? path.join(path.dirname(name), file) : name;
      assert.ok(fs.existsSync(path.join(ROOT, linked)), `${target}: there is no ${linked}`);
      if (anchor) {
        assert.ok(anchorsOf(linked).has(anchor), `${target}: ${linked} has no such heading`);
      }
    }
  });
}

/** A path from the root in backticks, as far as it names one file or folder. */
const NAMED_FILE = /`((?:src|lib|tests|__test__|scripts|docs|examples|npm|\.ci|\.github)\/[\w./-]*)`/g;

for (const name of DOCUMENTS) {
  test(`${name}: the files that it names are there`, () => {
    const named = [...withoutBlocks(read(name)).matchAll(NAMED_FILE)].map(([, file]) => file);
    assert.deepEqual(
      named.filter((file) => !fs.existsSync(path.join(ROOT, file))),
      []
    );
  });
}

test('every document can be reached from the README', () => {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) {
      return;
    }
    seen.add(name);
    for (const [, file] of read(name).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
      const linked = path.join(path.dirname(name), file);
      if (!/^https?:/.test(file) && fs.existsSync(path.join(ROOT, linked))) {
        visit(linked);
      }
    }
  };
  visit('README.md');
  assert.deepEqual(
    DOCUMENTS.filter((name) => !seen.has(name) && name !== 'CHANGELOG.md'),
    []
  );
});

/** The texts of all files below a folder that end so. */
function filesBelow(folder, ending) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return filesBelow(name, ending);
    }
    return name.endsWith(ending) ? [read(name)] : [];
  });
}

const sourceText = (folder) => [...filesBelow(folder, '.js'), ...filesBelow(folder, '.rs')].join('\n');

/** As the words of a line stand in the source: quotes are escaped there, and lines are broken. */
const plain = (text) =>
  text
    .replace(/\\(['"])/g, '$1')
    .replace(/' \+\s*'/g, '')
    .replace(/\s+/g, ' ');

test('the lines that the troubleshooting quotes are those of the source', () => {
  const source = plain(`${sourceText('lib')}\n${sourceText('src')}`);
  const [, section] = read('docs/operations.md').split('\n## Troubleshooting\n');
  const quoted = section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .flatMap((row) => {
      const [, cell] = row.split(' | ', 1)[0].match(/^\| (.*)$/);
      return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code).filter((code) => code.includes(' '));
    });
  assert.ok(quoted.length > 20, quoted.join('\n'));
  const lost = [];
  const NODE_RED = ['Waiting for missing types'];
  for (const line of quoted.filter((words) => !NODE_RED.includes(words))) {
    const parts = COMPOSED[line] || line.split('…').map((words) => words.trim());
    lost.push(
      ...parts
        .filter((words) => words.length >= TELLING && !source.includes(words))
        .map((words) => `${words} of: ${line}`)
    );
  }
  assert.deepEqual(lost, []);
});

test('the files of the state directory are those of the source, each in the table', () => {
  const [, table] = read('docs/architecture.md').match(/`\.node-red-storage-valkey`[^|]*\n((?:\|.*\n)+)/);
  const told = [...table.matchAll(/^\| `(?:history\/)?([^`]+\.json)` \|/gm)].map(([, name]) => name);
  const ofCore = filesBelow('src', '.rs')
    .filter((text) => /\bstate_dir\b/.test(text))
    .flatMap((text) => [...text.matchAll(/^const \w+: &str = "([\w.-]+\.json)";/gm)]);
  const ofLib = filesBelow('lib', '.js')
    .filter((text) => /\binStateDir\(/.test(text))
    .flatMap((text) => [...text.matchAll(/^const FILE = '([\w.-]+\.json)';/gm)]);
  const written = [...ofCore, ...ofLib].map(([, name]) => name);
  assert.deepEqual(told.sort(), written.sort());
});

test('the codes of errors that the documents name exist', () => {
  const source = `${sourceText('lib')}\n${sourceText('src')}`;
  for (const name of DOCUMENTS) {
    for (const [code] of read(name).matchAll(/ERR_VALKEY_[A-Z_]+[A-Z]/g)) {
      assert.ok(source.includes(`'${code}'`) || source.includes(`"${code}"`), `${name}: ${code}`);
    }
  }
});

test('the parts of an answer to /health/ready are those that the document lists', () => {
  const { createReadiness } = require('../../lib/health/readiness.js');
  const flows = { state: 'running', missing: [] };
  const packages = { inStep: true, waiting: [], notLoaded: [] };
  const contexts = [{ name: 'default', isLoaded: () => true, health: () => null }];
  const members = new Set(
    ['worker', 'admin'].flatMap((role) =>
      Object.keys(createReadiness({ role, maxAge: null })({ core: { connection: 'ready' }, flows, packages, contexts }))
    )
  );
  const [, section] = read('docs/operations.md').split('\n## Probes\n');
  const [, table] = section.split('| member | meaning |');
  const listed = table
    .split('\n\n')[0]
    .split('\n')
    .filter((row) => row.startsWith('| `'))
    .flatMap((row) => [...row.split(' | ', 1)[0].matchAll(/`(\w+)`/g)].map(([, member]) => member));
  assert.deepEqual(listed.sort(), [...members].filter((member) => member !== 'role').sort());
});
