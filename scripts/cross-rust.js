'use strict';

// What cargo needs to build for another Linux platform: Zig as the linker, and Rust's standard
// library for it. Needs Python with pip, and rustup.

const fs = require('node:fs');
const path = require('node:path');
const { CACHE, lastWords, makeWorkFolder, pythonWithPip, run, settle } = require('./fetching.js');

/** Python wheels with the programs in them. */
const WHEELS = ['cargo-zigbuild>=0.20,<1', 'ziglang>=0.13,<1'];

/** Has cargo build the standard library as well, which the stable release does only when told to. */
const FROM_SOURCE = { RUSTC_BOOTSTRAP: '1', CARGO_UNSTABLE_BUILD_STD: 'std' };

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
      await run(
        python,
        ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--target', work, ...WHEELS],
        { timeout: 600_000 }
      );
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

async function rustup(...args) {
  try {
    return await run('rustup', args, { timeout: 600_000, env: { ...process.env, RUST_BACKTRACE: '0' } });
  } catch (error) {
    throw new Error(/^error: .*$/m.exec(error.stderr)?.[0] ?? lastWords(error), { cause: error });
  }
}

/**
 * Rust's standard library for a target: the one that Rust publishes, or else its source.
 *
 * @returns {Promise<{env: object, isFromSource: boolean}>} `env`: what cargo must be told
 */
async function standardLibrary(target, note) {
  const { stdout } = await rustup('target', 'list', '--installed');
  if (stdout.split('\n').includes(target)) {
    return { env: {}, isFromSource: false };
  }
  note(`adding ${target} with rustup`);
  try {
    await rustup('target', 'add', target);
    return { env: {}, isFromSource: false };
  } catch (error) {
    note(`rustup has no ${target}: ${error.message}; its standard library is built from source`);
    await rustup('component', 'add', 'rust-src');
    return { env: FROM_SOURCE, isFromSource: true };
  }
}

module.exports = { standardLibrary, zigEnvironment };
