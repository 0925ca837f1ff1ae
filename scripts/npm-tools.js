'use strict';

// Fetches programs from npm into .cache/, for tests alone: too much to be installed by everybody
// who only builds. Only Node built-ins.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const CACHE = path.join(__dirname, '..', '.cache', 'npm-tools');

/** The ranges keep the major version, and what runs on the oldest Node.js that tests run on. */
const TOOLS = {
  verdaccio: {
    dependencies: { verdaccio: '~6.2.9' },
    // It asks for a tag of it, which not every registry passes on.
    overrides: { 'node-fetch': '^2.6.7' },
    program: 'verdaccio/bin/verdaccio'
  },
  pnpm: { dependencies: { pnpm: '^10.0.0' }, program: 'pnpm/bin/pnpm.cjs' },
  yarn1: { dependencies: { yarn: '^1.22.0' }, program: 'yarn/bin/yarn.js' },
  yarn4: { dependencies: { '@yarnpkg/cli-dist': '^4.0.0' }, program: '@yarnpkg/cli-dist/bin/yarn.js' }
};

/** Puts a folder in its place; whoever comes second uses the first one. */
function settle(folder, target) {
  try {
    fs.renameSync(folder, target);
  } catch (error) {
    if (!fs.existsSync(target)) {
      throw error;
    }
  }
}

/**
 * The path of a JavaScript program that Node runs; fetched when it is not there yet.
 *
 * @param {'verdaccio' | 'pnpm' | 'yarn1' | 'yarn4'} name
 */
async function npmTool(name) {
  const { program, ...manifest } = TOOLS[name];
  const target = path.join(CACHE, name);
  const file = path.join(target, 'node_modules', program);
  if (fs.existsSync(file)) {
    return file;
  }
  fs.mkdirSync(CACHE, { recursive: true });
  const work = fs.mkdtempSync(path.join(CACHE, '.fetch-'));
  try {
    fs.writeFileSync(path.join(work, 'package.json'), JSON.stringify({ private: true, ...manifest }));
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: work,
      timeout: 180_000,
      maxBuffer: 16 << 20,
      // npm is a .cmd file on Windows. The arguments are all our own.
      shell: process.platform === 'win32'
    });
    settle(work, target);
  } catch (error) {
    throw new Error(`${name} could not be fetched: ${(error.stderr || error.message).trim()}`, { cause: error });
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  return file;
}

module.exports = { npmTool };
