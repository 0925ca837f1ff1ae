'use strict';

// Loads the addon; when none loads, tells why and what to do about it. Node-RED prints such an
// error when it reads settings.js, and it is all that its operator gets to see.

const { PREBUILT, thisPlatform } = require('./platform');

const NAME = 'node-red-storage-valkey';
const NOT_FOUND = /^Cannot find module '([^']+)'/;
const FROM_SOURCE = "build from source, as 'Build from source' in the README of this package tells";

/** What the generated loader tried, in that order: the messages of its chain of causes. */
function messages(error) {
  const found = [];
  for (let cause = error.cause; cause; cause = cause.cause) {
    found.unshift(String(cause.message).trim());
  }
  // The generated loader also looks for a WebAssembly build, which there is none of.
  return found.filter((message) => !(NOT_FOUND.test(message) && message.includes('wasi')));
}

function isInstalled(name) {
  try {
    require.resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** What to do when the package of this platform is not there. */
function adviceForMissing(platform) {
  const others = PREBUILT.filter((id) => id !== platform.id && isInstalled(`${NAME}-${id}`));
  const os = `os ${process.platform}, cpu ${process.arch}` +
    (platform.id.includes('-musl') ? ', libc musl' : platform.id.includes('-gnu') ? ', libc glibc' : '');
  return [
    ...(others.length > 0
      ? [`installed is the one for ${others.join(', ')}: node_modules comes from another platform or image. ` +
        'Delete node_modules and install here (a package-lock.json from there may stay)']
      : []),
    'npm: npm install --include=optional (optional dependencies must not be left out)',
    `pnpm, Yarn: if supportedArchitectures is set, it must have ${os}`
  ];
}

/** What to do when there is a binary and it does not load. */
function adviceForBroken(failures) {
  const text = failures.join('\n');
  if (/version `GLIBC_[\d.]+' not found/.test(text)) {
    return ['this system is older than the binary: use a newer system or image', FROM_SOURCE];
  }
  return [
    'a damaged or foreign file: delete node_modules and install again',
    `on a system that binaries do not fit: ${FROM_SOURCE}`
  ];
}

function advice(platform, failures) {
  if (!platform.isPrebuilt) {
    return [`there is no prebuilt binary for this platform, only for ${PREBUILT.join(', ')}`, FROM_SOURCE];
  }
  return failures.length > 0 ? adviceForBroken(failures) : adviceForMissing(platform);
}

function coded(error) {
  return Object.assign(error, { code: 'ERR_VALKEY_BINARY' });
}

/** What was looked for, what came of it, and what to do. */
function binaryError(platform, tried) {
  const failures = tried.filter((message) => !NOT_FOUND.test(message));
  const looked = tried.map((message) => {
    const [, missing] = NOT_FOUND.exec(message) || [];
    return missing ? `${missing}: not there` : message;
  });
  const list = (lines) => [...new Set(lines)].map((line) => `\n  - ${line}`).join('');
  return coded(new Error(`no binary of ${NAME} loads on ${platform.words}, Node.js ${process.versions.node}.` +
    `\nLooked for:${list(looked)}` +
    `\nWhat to do:${list(advice(platform, failures))}`));
}

/**
 * The package for the C library of this process: the generated loader goes by the files of the
 * system. What fails is added to `tried`.
 */
function loadByProcess(platform, tried) {
  try {
    return require(`${NAME}-${platform.id}`);
  } catch (error) {
    tried.push(error.message);
    return undefined;
  }
}

/** The addon's exports; throws an error with code ERR_VALKEY_BINARY. */
function loadBinding() {
  try {
    return require('../binding');
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      throw coded(new Error(`${NAME}: this checkout has not been built: npm ci && npm run build`));
    }
    const platform = thisPlatform();
    const tried = error.cause ? messages(error) : [error.message];
    const binding = loadByProcess(platform, tried);
    if (!binding) {
      throw binaryError(platform, tried);
    }
    return binding;
  }
}

module.exports = { loadBinding };
