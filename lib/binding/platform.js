'use strict';

// What this process runs on, in the words of the prebuilt packages.

const fs = require('node:fs');

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
 * What a process runs on; `id` as in PREBUILT.
 *
 * @typedef {{ id: string, isPrebuilt: boolean }} Platform
 */

/**
 * The C library that this process itself uses, on Linux, by Node's report. The files of the system
 * can tell of another one: a Node.js for musl runs on a system of glibc as well.
 *
 * @returns {{name: 'glibc' | 'musl' | undefined, version?: string}}
 */
function reportedLibc() {
  /** @typedef {{ header: { glibcVersionRuntime?: string }, sharedObjects: string[] }} Report */
  // As far as it is read here; the types of Node.js know neither a part of it nor the switch.
  const report = /** @type {{ excludeNetwork?: boolean, getReport: () => Report }} */ (
    /** @type {unknown} */ (process.report)
  );
  // Otherwise the report looks up the names of all hosts that this process is connected to; older
  // releases of Node.js do so all the same.
  report.excludeNetwork = true;
  const { header, sharedObjects } = report.getReport();
  if (header.glibcVersionRuntime) {
    return { name: 'glibc', version: header.glibcVersionRuntime };
  }
  const isMusl = sharedObjects.some((file) => file.includes('libc.musl-') || file.includes('ld-musl-'));
  return { name: isMusl ? 'musl' : undefined };
}

/** Its name; without a report when the files that the process has mapped tell it, as a start must not wait. */
function libcName() {
  let mapped = '';
  try {
    mapped = fs.readFileSync('/proc/self/maps', 'utf8');
  } catch {
    // Some sandboxes have no /proc.
  }
  if (/\/libc(\.so\.6|-2\.\d+\.so)$/m.test(mapped)) {
    return 'glibc';
  }
  return /\/(ld-musl-|libc\.musl-)/.test(mapped) ? 'musl' : reportedLibc().name;
}

function suffix() {
  if (process.platform === 'win32') {
    return '-msvc';
  }
  if (process.platform !== 'linux') {
    return '';
  }
  return `-${libcName() === 'musl' ? 'musl' : 'gnu'}${process.arch === 'arm' ? 'eabihf' : ''}`;
}

/**
 * This process' platform.
 *
 * @returns {Platform}
 */
function thisPlatform() {
  const id = `${process.platform}-${process.arch}${suffix()}`;
  return { id, isPrebuilt: PREBUILT.includes(id) };
}

/** This process' platform for people. */
function platformWords() {
  const libc = process.platform === 'linux' ? reportedLibc() : undefined;
  const library = libc && ` with ${[libc.name ?? 'an unknown C library', libc.version].filter(Boolean).join(' ')}`;
  return `${process.platform} ${process.arch}${library ?? ''}`;
}

module.exports = { PREBUILT, platformWords, thisPlatform };
