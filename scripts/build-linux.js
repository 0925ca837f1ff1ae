'use strict';

// `npm run build:linux`: the binaries of all Linux platforms, in binaries/, built with Zig as the
// linker so that they ask for no newer system than they must. Needs Python with pip, for Zig, and
// rustup, for Rust's library of each platform.
//
//   npm run build:linux                     all; one whose Rust library can't be had is left out
//   npm run build:linux -- --all            all; such a one is a failure
//   npm run build:linux -- linux-x64-musl   this one

const fs = require('node:fs');
const path = require('node:path');
const { readBinary, binaryProblems } = require('./elf.js');
const { CACHE, lastWords, makeWorkFolder, pythonWithPip, run, settle } = require('./fetching.js');
const { LINUX } = require('./linux-platforms.js');
const { ROOT, ensureInstalled, runShown } = require('./prepare.js');

const BINARIES = path.join(ROOT, 'binaries');
/** Python wheels with the programs in them. */
const WHEELS = ['cargo-zigbuild>=0.20,<1', 'ziglang>=0.13,<1'];

/** The environment in which cargo finds Zig; fetched when it is not there yet. */
async function zigEnvironment(note) {
  const target = path.join(CACHE, 'zig');
  if (!fs.existsSync(target)) {
    const python = await pythonWithPip(note);
    if (!python) {
      throw new Error('no Python with pip on PATH, with which Zig is fetched');
    }
    note(`fetching ${WHEELS.join(', ')}`);
    const work = makeWorkFolder(CACHE);
    try {
      await run(python, ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--target', work, ...WHEELS],
        { timeout: 600_000 });
      settle(work, target);
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  }
  return {
    PATH: path.join(target, 'bin') + path.delimiter + process.env.PATH,
    CARGO_ZIGBUILD_ZIG_PATH: path.join(target, 'ziglang', 'zig')
  };
}

/** Why Rust can't build for it here; undefined when it can. */
async function lacksRust({ target }, note) {
  try {
    const { stdout } = await run('rustup', ['target', 'list', '--installed']);
    if (!stdout.split('\n').includes(target)) {
      note(`adding ${target} with rustup`);
      await run('rustup', ['target', 'add', target], { timeout: 600_000, env: { ...process.env, RUST_BACKTRACE: '0' } });
    }
    return undefined;
  } catch (error) {
    const words = /^error: .*$/m.exec(error.stderr)?.[0] ?? lastWords(error);
    return `rustup has no ${target}: ${words}`;
  }
}

/**
 * Builds and examines.
 *
 * @param {string[]} ids of LINUX
 * @returns {Promise<{id: string, file?: string, reason?: string, problems?: string[]}[]>} `reason`:
 *   why it could not be built here
 */
async function buildLinux(ids, note) {
  const env = await zigEnvironment(note);
  const results = [];
  for (const platform of LINUX.filter(({ id }) => ids.includes(id))) {
    const { id, zigTarget } = platform;
    const reason = await lacksRust(platform, note);
    if (reason) {
      results.push({ id, reason });
      continue;
    }
    // Not beside the binary of this machine, whose age tells whether it is to be built anew.
    const build = ['run', 'build', '--', '--cross-compile', '--target', zigTarget, '--output-dir', BINARIES];
    if (runShown('npm', build, env) !== 0) {
      results.push({ id, problems: ['the build failed'] });
      continue;
    }
    results.push(await examine(platform));
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
async function describe({ id, file, reason, problems }) {
  if (!file) {
    return `${id}: not built: ${reason ?? problems.join(', ')}`;
  }
  const { libraries, glibc } = await readBinary(file);
  const size = Math.ceil(fs.statSync(file).size / 1000).toLocaleString('en');
  const needs = [glibc && `glibc >= ${glibc}`, libraries.join(', ')].filter(Boolean).join('; ');
  return `${id}: ${size} kB, needs ${needs}${problems.length > 0 ? ` -- WRONG: ${problems.join(', ')}` : ''}`;
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
