'use strict';

// Which module the demo runs: this checkout, where it was built before; otherwise a packed or a published one of this
// very version with its binary for this platform, so that nobody needs Rust to look; otherwise the checkout, built
// now. Only Node built-ins.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { thisPlatform } = require('../lib/binding/platform.js');
const { ROOT, ensureBuilt } = require('./prepare.js');

const FETCH_DEADLINE = 60_000;

/** One attempt, no scripts, and nothing asked beside the packages themselves. */
const INSTALL = [
  'install',
  '--no-audit',
  '--no-fund',
  '--no-package-lock',
  '--ignore-scripts',
  '--fetch-retries=0',
  '--fetch-timeout=20000'
];

function run(command, args, cwd, env) {
  return spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: FETCH_DEADLINE,
    // npm is a .cmd file on Windows. The arguments are all our own.
    shell: process.platform === 'win32' && command === 'npm'
  });
}

/** Installs into an empty folder; gives the folder of the module, or undefined where it or its binary is not had. */
function installed(folder, name, packages, env) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'demo', private: true }));
  const { status } = run('npm', [...INSTALL, ...packages], folder, env);
  const loads = status === 0 && run(process.execPath, ['-e', `require('${name}')`], folder, env).status === 0;
  return loads ? path.join(folder, 'node_modules', name) : undefined;
}

const wasBuilt = (root) => fs.readdirSync(root).some((name) => name.endsWith('.node'));

/**
 * The folder of the module, and in words where it comes from.
 *
 * @param {{root?: string, env?: NodeJS.ProcessEnv, build?: () => void}} [options]
 * @returns {{folder: string, from: string}}
 */
function demoModule({ root = ROOT, env = process.env, build = ensureBuilt } = {}) {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  if (wasBuilt(root)) {
    build();
    return { folder: root, from: 'this checkout, as it was built here' };
  }
  const work = path.join(root, '.cache', 'demo');
  const packed = [name, `${name}-${thisPlatform().id}`].map((one) => path.join(root, 'dist', `${one}-${version}.tgz`));
  const ofPacked = packed.every((file) => fs.existsSync(file)) && installed(work, name, packed, env);
  if (ofPacked) {
    return { folder: ofPacked, from: `the packages of ${version} in dist/, which need no Rust` };
  }
  const published = installed(work, name, [`${name}@${version}`], env);
  if (published) {
    return { folder: published, from: `${version} from npm, which needs no Rust` };
  }
  console.log(`npm has no ${name}@${version} with a binary for ${thisPlatform().id}: it is built, which needs Rust`);
  build();
  return { folder: root, from: 'this checkout, built just now' };
}

module.exports = { demoModule };
