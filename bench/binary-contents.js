'use strict';

// What fills the binary, by crate and by section: builds it once more, with its symbols, and writes the list
// in docs/performance.md. For Linux, with nm and readelf.
//
//   node bench/binary-contents.js            minutes, as it builds everything
//   node bench/binary-contents.js <library>  of one that was built with CARGO_PROFILE_RELEASE_STRIP=none

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { runShown, ROOT } = require('../scripts/prepare.js');
const { writeContents } = require('./report/document.js');

const TARGET = path.join('target', 'symbols');
const LIBRARY = path.join(ROOT, TARGET, 'release', 'libnode_red_storage_valkey.so');
const OWN = 'node_red_storage_valkey';
const FEW = 20_000;

function build() {
  process.env.CARGO_PROFILE_RELEASE_STRIP = 'none';
  if (runShown('cargo', ['build', '--release', '--lib', '--target-dir', TARGET]) !== 0) {
    throw new Error('the build with symbols failed');
  }
  return LIBRARY;
}

function output(program, ...args) {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
}

function add(sums, name, size) {
  sums.set(name, (sums.get(name) || 0) + size);
}

/** Bytes of code and constants by the crate that they come from, generic code by that of its type. */
function byCrate(library) {
  const sums = new Map();
  for (const line of output('nm', '-S', '-C', library).split('\n')) {
    const [, size, name] = /^[0-9a-f]+ ([0-9a-f]+) [tTrRdDbBwWvV] (.*)$/.exec(line) || [];
    if (size) {
      const [, crate] = /^[<&(*[]*(?:dyn |mut )*(\w+)::/.exec(name) || [];
      add(sums, crate ? (crate === OWN ? 'this project' : crate) : 'C and other', parseInt(size, 16));
    }
  }
  return sums;
}

/** Bytes by section, of those that are loaded. */
function bySection(library) {
  const sums = new Map();
  for (const line of output('readelf', '-SW', library).split('\n')) {
    const [, name, size, flags] =
      /^ *\[ *\d+\] (\S+) +\S+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +(\w*)/.exec(line) || [];
    if (flags?.includes('A') && name !== '.bss' && name !== '.tbss') {
      add(sums, name, parseInt(size, 16));
    }
  }
  return sums;
}

/** The largest, one after the other, and the rest in one. */
function listed(sums) {
  const all = [...sums].sort(([, a], [, b]) => b - a);
  const large = all.filter(([, size]) => size >= FEW);
  const rest = all.filter(([, size]) => size < FEW).reduce((sum, [, size]) => sum + size, 0);
  const shown = ([name, size]) => `${name} ${Math.round(size / 1000)}`;
  return [...large, ['the rest', rest]].map(shown).join(', ');
}

function main([given]) {
  const library = given || build();
  const lines = [
    `By section, in kB: ${listed(bySection(library))}.`,
    '',
    `By crate, in kB, code and constants: ${listed(byCrate(library))}.`
  ];
  writeContents(lines.join('\n'));
  console.log(lines.join('\n'));
}

main(process.argv.slice(2));
