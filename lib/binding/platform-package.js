'use strict';

// The installed package that holds a platform's binary: found, checked and loaded.

const fs = require('node:fs');
const path = require('node:path');

const { name: NAME, version: VERSION } = require('../../package.json');

/** @param {string} id */
function packageName(id) {
  return `${NAME}-${id}`;
}

/**
 * The folder of a platform's package; undefined when there is none.
 *
 * @param {string} id
 */
function findPackage(id) {
  const description = `${packageName(id)}/package.json`;
  try {
    return path.dirname(require.resolve(description));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') {
      return undefined;
    }
    // It is there, but Node.js can't read it: later releases do that already here.
    // There are none for a built-in module alone.
    const file = /** @type {string[]} */ (require.resolve.paths(description))
      .map((dir) => path.join(dir, description))
      .find((one) => fs.existsSync(one));
    return file && path.dirname(file);
  }
}

/**
 * An error that tells what it has found, and by its `code` what kind of thing that is.
 *
 * @param {string} code
 * @param {string} message
 */
function finding(code, message) {
  return Object.assign(new Error(message), { code });
}

/**
 * Size of a file that can be read.
 *
 * @param {string} file
 */
function readableSize(file) {
  try {
    fs.accessSync(file, fs.constants.R_OK);
    return fs.statSync(file).size;
  } catch (error) {
    throw finding(
      error.code,
      error.code === 'ENOENT' ? `${file}: not there, but the rest of its package is` : error.message
    );
  }
}

/**
 * What the package in a folder tells of itself.
 *
 * @param {string} folder
 */
function describe(folder) {
  const file = path.join(folder, 'package.json');
  readableSize(file);
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw finding('INCOMPLETE', `${file}: ${error.message}`);
  }
}

/**
 * The exports of the binary in a package's folder. The error has a code of its own for what is seen
 * before the binary is loaded: ENOENT, EACCES, VERSION, INCOMPLETE.
 *
 * @param {string} folder
 */
function loadPackage(folder) {
  const { name, version, main, binarySize } = describe(folder);
  if (version !== VERSION) {
    throw finding('VERSION', `${folder}: ${name} has version ${version}, not ${VERSION}`);
  }
  const binary = path.join(folder, main);
  const size = readableSize(binary);
  // Loading one whose end is missing can end the process by a signal. One that has grown is let
  // through: tools that adapt binaries to a system's folders make them larger.
  if (size < binarySize) {
    throw finding('INCOMPLETE', `${binary}: has ${size} of its ${binarySize} bytes`);
  }
  return require(binary);
}

module.exports = { NAME, VERSION, packageName, findPackage, loadPackage };
