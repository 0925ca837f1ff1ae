'use strict';

// The Linux platforms that releases have a binary for: what each is built for, and what its binary
// may ask of a system.

/** The oldest glibc, that of CentOS 7; no supported release of Node.js runs on an older one. */
const GLIBC = '2.17';

const GLIBC_LIBRARIES = /^(lib(c|m|dl|rt|pthread|util)\.so\.\d|ld-linux[\w-]*\.so\.\d)$/;
/** musl has all of them in one, under the name that the linker used. */
const MUSL_LIBRARIES = /^libc\.so$/;

const gnu = (id, target, machine) => ({
  id,
  target,
  zigTarget: `${target}.${GLIBC}`,
  machine,
  glibc: GLIBC,
  libraries: GLIBC_LIBRARIES
});
const musl = (id, target, machine) => ({ id, target, zigTarget: target, machine, libraries: MUSL_LIBRARIES });

/** `machine` is what an ELF file calls the processor. */
const LINUX = [
  gnu('linux-x64-gnu', 'x86_64-unknown-linux-gnu', 'X86-64'),
  gnu('linux-arm64-gnu', 'aarch64-unknown-linux-gnu', 'AArch64'),
  gnu('linux-arm-gnueabihf', 'armv7-unknown-linux-gnueabihf', 'ARM'),
  musl('linux-x64-musl', 'x86_64-unknown-linux-musl', 'X86-64'),
  musl('linux-arm64-musl', 'aarch64-unknown-linux-musl', 'AArch64'),
  musl('linux-arm-musleabihf', 'armv7-unknown-linux-musleabihf', 'ARM')
];

module.exports = { LINUX };
