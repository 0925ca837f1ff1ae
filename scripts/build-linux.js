'use strict';

// `npm run build:linux`: the binaries of all Linux platforms, in binaries/, built with Zig as the
// linker so that they ask for no newer system than they must. Needs Python with pip, for Zig, and
// rustup, for Rust's library of each platform, or the source of it.
//
//   npm run build:linux                     all; one whose Rust library can't be had is left out
//   npm run build:linux -- --all            all; such a one is a failure
//   npm run build:linux -- linux-x64-musl   this one

const fs = require('node:fs');
const path = require('node:path');
const { standardLibrary, zigEnvironment } = require('./cross-rust.js');
const { readBinary, binaryProblems } = require('./elf.js');
const { LINUX } = require('./linux-platforms.js');
const { ROOT, ensureInstalled, runShown } = require('./prepare.js');

const BINARIES = path.join(ROOT, 'binaries');

/**
 * Builds and examines.
 *
 * @param {string[]} ids of LINUX
 * @returns {Promise<{id: string, file?: string, reason?: string, problems?: string[], isFromSource?: boolean}[]>}
 *   `reason`: why it could not be built here; `isFromSource`: with Rust's library, too
 */
async function buildLinux(ids, note) {
  const env = await zigEnvironment(note);
  const results = [];
  for (const platform of LINUX.filter(({ id }) => ids.includes(id))) {
    const { id, target, zigTarget } = platform;
    const library = await standardLibrary(target, note).catch((error) => ({ reason: error.message }));
    if (library.reason) {
      results.push({ id, reason: library.reason });
      continue;
    }
    // Not beside the binary of this machine, whose age tells whether it is to be built anew.
    const build = ['run', 'build', '--', '--cross-compile', '--target', zigTarget, '--output-dir', BINARIES];
    if (runShown('npm', build, { ...env, ...library.env }) !== 0) {
      results.push({ id, problems: ['the build failed'] });
      continue;
    }
    results.push({ ...(await examine(platform)), isFromSource: library.isFromSource });
  }
  return results;
}

/** What is in binaries/ for this platform. */
async function examine(platform) {
  const file = path.join(BINARIES, `node-red-storage-valkey.${platform.id}.node`);
  if (!fs.existsSync(file)) {
    return { id: platform.id, reason: 'it is not in binaries/' };
  }
  return { id: platform.id, file, problems: await binaryProblems(file, platform) };
}

/** A line for people. */
async function describe({ id, file, reason, problems, isFromSource }) {
  if (!file) {
    return `${id}: not built: ${reason ?? problems.join(', ')}`;
  }
  const { libraries, glibc } = await readBinary(file);
  const size = Math.ceil(fs.statSync(file).size / 1000).toLocaleString('en');
  const needs = [glibc && `glibc >= ${glibc}`, libraries.join(', ')].filter(Boolean).join('; ');
  const library =
    isFromSource === undefined ? '' : `; Rust's library ${isFromSource ? 'built from source' : 'as published'}`;
  return `${id}: ${size} kB, needs ${needs}${library}${problems.length > 0 ? ` -- WRONG: ${problems.join(', ')}` : ''}`;
}

/** Platforms named on the command line; all of them by default. */
function askedFor(words) {
  const unknown = words.filter((word) => !LINUX.some(({ id }) => id === word));
  if (unknown.length > 0) {
    throw new Error(`no Linux platform '${unknown[0]}'; there are ${LINUX.map(({ id }) => id).join(', ')}`);
  }
  return words.length > 0 ? words : LINUX.map(({ id }) => id);
}

async function main(args) {
  const words = args.filter((arg) => arg !== '--all');
  ensureInstalled();
  const results = await buildLinux(askedFor(words), (line) => console.log(line));
  for (const result of results) {
    console.log(await describe(result));
  }
  const mustBeThere = args.includes('--all') || words.length > 0;
  const failed = results.filter(({ reason, problems = [] }) => problems.length > 0 || (reason && mustBeThere));
  process.exitCode = failed.length > 0 ? 1 : 0;
}

module.exports = { BINARIES, askedFor, buildLinux, describe, examine };

if (require.main === module) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
