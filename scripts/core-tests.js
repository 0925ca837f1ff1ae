'use strict';

// What a platform can get that there is no Node.js for: the tests of the Rust core, built for it and
// run on an emulated processor against a real server, one of which loads the platform's binary.

const { standardLibrary, zigEnvironment } = require('./cross-rust.js');
const { foreignSystem } = require('./foreign-node.js');
const { LINUX } = require('./linux-platforms.js');
const { runShown } = require('./prepare.js');

/** Those of the connection and of what is stored: sockets, clocks, threads, and numbers of 64 bits. */
const TESTS = ['addon', 'connection', 'store'];

/**
 * @param {{id: string, file: string}} platform of build-linux.js
 * @param {string} server path of a program of this machine
 * @returns {Promise<boolean>} whether the tests passed
 */
async function testCore({ id, file }, server, note) {
  const { target } = LINUX.find((one) => one.id === id);
  const system = await foreignSystem(id, note);
  const { env } = await standardLibrary(target, note);
  return (
    runShown(
      'cargo-zigbuild',
      [
        'test',
        '--target',
        target,
        '--config',
        `target.${target}.runner=${JSON.stringify(system)}`,
        ...TESTS.flatMap((name) => ['--test', name])
      ],
      {
        ...(await zigEnvironment(note)),
        ...env,
        // With the system's musl, as the addon has it: Rust and Zig would each link one of their own.
        RUSTFLAGS: '-C target-feature=-crt-static -C link-arg=-dynamic',
        CARGO_PROFILE_DEV_DEBUG: 'false',
        ADDON: file,
        VALKEY_SERVER: server
      }
    ) === 0
  );
}

module.exports = { testCore };
