'use strict';

// What this process runs on, in the words of the prebuilt packages.

/** The platforms that releases have a binary for; the end of each package's name. */
const PREBUILT = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-arm-gnueabihf',
  'linux-x64-musl',
  'linux-arm64-musl',
  'linux-arm-musleabihf',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc'
];

/**
 * The C library that this process itself uses, on Linux. The files of the system can tell of
 * another one: a Node.js for musl runs on a system of glibc as well.
 *
 * @returns {{name: 'glibc' | 'musl' | undefined, version?: string}}
 */
function processLibc() {
  // Otherwise the report looks up the names of all hosts that this process is connected to.
  process.report.excludeNetwork = true;
  const { header, sharedObjects } = process.report.getReport();
  if (header.glibcVersionRuntime) {
    return { name: 'glibc', version: header.glibcVersionRuntime };
  }
  const isMusl = sharedObjects.some((file) => file.includes('libc.musl-') || file.includes('ld-musl-'));
  return { name: isMusl ? 'musl' : undefined };
}

function suffix(libc) {
  if (process.platform === 'win32') {
    return '-msvc';
  }
  if (process.platform !== 'linux') {
    return '';
  }
  return `-${libc.name === 'musl' ? 'musl' : 'gnu'}${process.arch === 'arm' ? 'eabihf' : ''}`;
}

/**
 * This process' platform.
 *
 * @returns {{id: string, words: string, isPrebuilt: boolean}} `id` as in PREBUILT, `words` for people
 */
function thisPlatform() {
  const libc = process.platform === 'linux' ? processLibc() : undefined;
  const id = `${process.platform}-${process.arch}${suffix(libc)}`;
  const library = libc && ` with ${[libc.name ?? 'an unknown C library', libc.version].filter(Boolean).join(' ')}`;
  return { id, words: `${process.platform} ${process.arch}${library ?? ''}`, isPrebuilt: PREBUILT.includes(id) };
}

module.exports = { PREBUILT, thisPlatform };
