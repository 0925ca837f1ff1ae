'use strict';

// Loads the addon; when none loads, tells why and what to do about it. Node-RED prints such an
// error when it reads settings.js, and it is all that its operator gets to see.

const fs = require('node:fs');
const path = require('node:path');

const { codedError } = require('../errors');
const { PREBUILT, platformWords, thisPlatform } = require('./platform');
const { NAME, VERSION, packageName, findPackage, loadPackage } = require('./platform-package');

/** @import { Platform } from './platform' */

const ROOT = path.join(__dirname, '..', '..');
const NOT_FOUND = /^Cannot find module '([^']+)'/;
const FROM_SOURCE = "build from source, as 'Build from source' in the README of this package tells";
const ANEW = 'delete node_modules and install again';
/** The generated loader takes the file that it names, and no other. */
const OVERRIDE = 'NAPI_RS_NATIVE_LIBRARY_PATH';

/**
 * What the generated loader tried, in that order: the messages of its chain of causes.
 *
 * @param {Error} error
 * @returns {string[]}
 */
function messages(error) {
  /** @type {string[]} */
  const found = [];
  for (let cause = /** @type {any} */ (error.cause); cause; cause = cause.cause) {
    found.unshift(String(cause.message).trim());
  }
  // The generated loader also looks for a WebAssembly build, which there is none of.
  return found.filter((message) => !(NOT_FOUND.test(message) && message.includes('wasi')));
}

/**
 * What to do when the package of this platform is not there.
 *
 * @param {Platform} platform
 */
function adviceForMissing({ id }) {
  const others = PREBUILT.filter((other) => other !== id && findPackage(other));
  const os =
    `os ${process.platform}, cpu ${process.arch}` +
    (id.includes('-musl') ? ', libc musl' : id.includes('-gnu') ? ', libc glibc' : '');
  return [
    ...(others.length > 0
      ? [
          `installed is the one for ${others.join(', ')}: node_modules comes from another platform or image. ` +
            'Delete node_modules and install here (a package-lock.json from there may stay)'
        ]
      : []),
    'npm: npm install --include=optional (optional dependencies must not be left out)',
    `pnpm, Yarn: if supportedArchitectures is set, it must have ${os}`
  ];
}

/**
 * What to do when there is a binary that the system refuses to load, in its words.
 *
 * @param {string} words
 */
function adviceForRefused(words) {
  if (/version `GLIBC_[\d.]+' not found/.test(words)) {
    return ['this system is older than the binary: use a newer system or image', FROM_SOURCE];
  }
  if (/failed to map segment/.test(words)) {
    return [
      'the file may not be executed there, as on a volume that is mounted with noexec: install elsewhere, or mount it without'
    ];
  }
  return [`a damaged or foreign file: ${ANEW}`, `on a system that binaries do not fit: ${FROM_SOURCE}`];
}

/**
 * What to do when the package of this platform is there.
 *
 * @param {Platform} platform
 * @param {Error & { code?: string }} error
 */
function adviceForPresent({ id }, { code, message }) {
  switch (code) {
    case 'ENOENT':
      return [`something has taken the file out of its package: ${ANEW}`];
    case 'EACCES':
    case 'EPERM':
      return [
        `the user of this process${process.getuid ? ` (uid ${process.getuid()})` : ''} may not read the file: ` +
          'correct its owner or its mode, or install as that user'
      ];
    case 'VERSION':
      return [
        `the two packages belong together by their version: ${ANEW}`,
        `if it stays so: ${packageName(id)} must not be listed by its name, neither in dependencies nor in overrides or resolutions`
      ];
    case 'INCOMPLETE':
      return [`a copy that broke off, or a full disk: ${ANEW}`];
    default:
      return adviceForRefused(message);
  }
}

/**
 * What was looked for, what came of it, and what to do.
 *
 * @param {string[]} tried
 * @param {string[]} advice
 */
function binaryError(tried, advice) {
  const looked = tried.map((message) => {
    const [, missing] = NOT_FOUND.exec(message) || [];
    return missing ? `${missing}: not there` : message;
  });
  /** @param {string[]} lines */
  const list = (lines) => [...new Set(lines)].map((line) => `\n  - ${line}`).join('');
  return codedError(
    'ERR_VALKEY_BINARY',
    `no binary of ${NAME} ${VERSION} loads on ${platformWords()}, Node.js ${process.versions.node}.` +
      `\nLooked for:${list(looked)}` +
      `\nWhat to do:${list(advice)}`
  );
}

/** Whether this is a checkout: one with a binary of its own, or one that nobody has built. */
function isCheckout() {
  const files = fs.readdirSync(ROOT);
  return !files.includes('binding.js') || files.some((file) => file.endsWith('.node'));
}

/**
 * By the loader that comes with a build: it looks for a binary beside it, and knows more platforms.
 *
 * @param {Platform} platform
 */
function loadGenerated(platform) {
  try {
    return require('../../binding');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      throw codedError('ERR_VALKEY_BINARY', `${NAME}: this checkout has not been built: npm ci && npm run build`);
    }
    const tried = error.cause ? messages(error) : [error.message];
    const failures = tried.filter((message) => !NOT_FOUND.test(message));
    if (process.env[OVERRIDE]) {
      throw binaryError(tried, [`${OVERRIDE} is set: correct or unset it`]);
    }
    if (!platform.isPrebuilt) {
      throw binaryError(tried, [
        `there is no prebuilt binary for this platform, only for ${PREBUILT.join(', ')}`,
        FROM_SOURCE
      ]);
    }
    throw binaryError(tried, failures.length > 0 ? adviceForRefused(failures.join('\n')) : [FROM_SOURCE]);
  }
}

/**
 * From the package for the C library of this process. The generated loader goes by the files of the
 * system, and loads what it finds as it is.
 *
 * @param {Platform} platform
 * @returns {typeof import('../../binding')}
 */
function loadInstalled(platform) {
  const folder = findPackage(platform.id);
  if (!folder) {
    throw binaryError([`${packageName(platform.id)}: not there`], adviceForMissing(platform));
  }
  try {
    return loadPackage(folder);
  } catch (error) {
    throw binaryError([error.message], adviceForPresent(platform, error));
  }
}

/** The addon's exports; throws an error with code ERR_VALKEY_BINARY. */
function loadBinding() {
  const platform = thisPlatform();
  const isOurs = platform.isPrebuilt && !process.env[OVERRIDE] && !isCheckout();
  return isOurs ? loadInstalled(platform) : loadGenerated(platform);
}

module.exports = { loadBinding };
