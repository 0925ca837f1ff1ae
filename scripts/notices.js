'use strict';

// The notices of the Rust packages that a binary has inside: their licences ask that these go with
// it. Written when packages are made, from the sources that cargo has on this machine. Only Node
// built-ins and the napi CLI, which knows the targets.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./prepare.js');

/** Licences under which a binary may be given away with no more than their text beside it: those of deny.toml. */
const ALLOWED = new Set(
  fs
    .readFileSync(path.join(ROOT, 'deny.toml'), 'utf8')
    .match(/^allow = \[([^\]]*)\]/m)[1]
    .match(/[^"]+(?=",?$)/gm)
);
const NOTICE = /^(licen[cs]e|unlicense|copying|copyright|notice)([._-].*)?$/i;
const RULE = '-'.repeat(100);

function cargo(...args) {
  try {
    return execFileSync('cargo', args, {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      stdio: ['ignore', 'pipe', 'pipe']
    });
  } catch (error) {
    throw new Error(
      `'cargo ${args[0]}', which tells what is in a binary, failed: ${(error.stderr || error.message).trim()}`,
      { cause: error }
    );
  }
}

/**
 * Whether an SPDX expression leaves a choice that is in ALLOWED. A slash stands for OR, as in old
 * manifests.
 */
function isAllowed(expression) {
  const tokens = (expression ?? '').replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  const take = (token) => tokens[0] === token && Boolean(tokens.shift());
  const one = () => {
    if (take('(')) {
      return either() && take(')');
    }
    const name = tokens.shift();
    return ALLOWED.has(take('WITH') ? `${name} WITH ${tokens.shift()}` : name);
  };
  // Each side is read, whatever the other gives.
  const joined = (word, part, join) => () => {
    let result = part();
    while (take(word)) {
      result = join(part(), result);
    }
    return result;
  };
  const both = joined('AND', one, (left, right) => left && right);
  const either = joined('OR', both, (left, right) => left || right);
  return either() && tokens.length === 0;
}

/** What cargo knows of every package, by "name version". */
function knownPackages(targets) {
  const filter = targets.flatMap((target) => ['--filter-platform', target]);
  const { packages } = JSON.parse(cargo('metadata', '--locked', '--format-version', '1', ...filter));
  return new Map(packages.map((one) => [`${one.name} ${one.version}`, one]));
}

/** "name version" of what is linked into the binary: no build scripts, macros nor tests. */
function linkedPackages(target) {
  const lines = cargo(
    'tree',
    '--locked',
    '--edges',
    'normal,no-proc-macro',
    '--target',
    target,
    '--prefix',
    'none',
    '--format',
    '{p}'
  );
  const names = [...lines.matchAll(/^(\S+) v(\S+)/gm)].map(([, name, version]) => `${name} ${version}`);
  return [...new Set(names)].sort();
}

/** The notices in a package's sources, those of code that it has taken over among them. */
function noticeFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && NOTICE.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function withoutTrailingSpace(text) {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/[^\S\n]+$/gm, '')
    .replace(/^\n+|\n+$/g, '');
}

/** A text once for all that have it, whatever its line breaks and indentation. */
function groupTexts(packages) {
  const groups = new Map();
  for (const { name, version, manifest_path: manifest, license_file: named } of packages) {
    const folder = path.dirname(manifest);
    for (const file of new Set([...noticeFiles(folder), ...(named ? [named] : [])])) {
      const text = withoutTrailingSpace(fs.readFileSync(path.join(folder, file), 'utf8'));
      const key = text.replace(/\s+/g, ' ');
      const group = groups.get(key) ?? { text, of: [] };
      group.of.push(`${name} ${version}: ${file}`);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

function table(packages, hasText) {
  const width = Math.max(...packages.map(({ name, version }) => name.length + version.length + 1));
  return packages.map((one) => {
    const line = `  ${`${one.name} ${one.version}`.padEnd(width)}  ${one.license}`;
    const by = one.authors.length > 0 ? ` by ${one.authors.join(', ')}` : '';
    return hasText(one)
      ? line
      : `${line}\n    (its sources have no text of it;${by} ${one.repository ?? ''}`.trimEnd() + ')';
  });
}

function describe(title, packages) {
  const refused = packages.filter(({ license }) => !isAllowed(license));
  if (refused.length > 0) {
    const names = refused.map(({ name, version, license }) => `${name} ${version} (${license ?? 'none named'})`);
    throw new Error(`licence not among those that scripts/notices.js allows: ${names.join(', ')}`);
  }
  const groups = groupTexts(packages);
  const withText = new Set(groups.flatMap(({ of }) => of.map((line) => line.split(':')[0])));
  return [
    `${title} contains these Rust packages, under these licences:`,
    '',
    ...table(packages, ({ name, version }) => withText.has(`${name} ${version}`)),
    '',
    'and the standard library of Rust, Copyright (c) The Rust Project Contributors, MIT OR Apache-2.0.',
    '',
    'Their texts follow. Of several licences with OR between them any one may be chosen.',
    ...groups.flatMap(({ text, of }) => ['', RULE, ...of, RULE, '', text]),
    ''
  ].join('\n');
}

/**
 * The texts for platforms; fails for a package whose licence isn't allowed, and names it.
 *
 * @param {string[]} targets Rust's names
 * @returns {Map<string, string>} by the platform's id
 */
function notices(targets) {
  const { name: own, version } = require('../package.json');
  const { parseTriple } = require('@napi-rs/cli');
  const known = knownPackages(targets);
  return new Map(
    targets.map((target) => {
      const { platformArchABI: id } = parseTriple(target);
      const packages = linkedPackages(target)
        .filter((name) => name !== `${own} ${version}`)
        .map((name) => known.get(name));
      return [id, describe(`The binary in ${own}-${id} ${version}`, packages)];
    })
  );
}

module.exports = { describe, isAllowed, notices };
