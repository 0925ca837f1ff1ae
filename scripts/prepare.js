'use strict';

// Brings a fresh checkout to where tests and demo can run: packages installed, addon built. Each
// step is left out when its result is there and current. Only Node built-ins.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src'];

/** Runs a command with its output shown; gives its exit code. */
function runShown(command, args, env = {}) {
  console.log(`> ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // npm is a .cmd file on Windows. The arguments are all our own.
    shell: process.platform === 'win32' && command === 'npm'
  });
  if (error) {
    console.error(`${command}: ${error.code === 'ENOENT' ? 'not found on PATH' : error.message}`);
  }
  return status ?? 1;
}

function mustRun(command, args) {
  if (runShown(command, args) !== 0) {
    throw new Error(`'${command} ${args.join(' ')}' failed`);
  }
}

function readLock(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether node_modules holds what the lock file says; platform packages may be left out. */
function isInstalled() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  return (
    Boolean(wanted && installed) &&
    Object.entries(wanted).every(
      ([name, { version, optional, peer }]) => name === '' || optional || peer || installed[name]?.version === version
    )
  );
}

/** The newest change below a file or folder, in ms. */
function newest(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat) {
    return 0;
  }
  if (!stat.isDirectory()) {
    return stat.mtimeMs;
  }
  return Math.max(stat.mtimeMs, ...fs.readdirSync(file).map((name) => newest(path.join(file, name))));
}

/** Whether an addon is there that loads and is not older than its sources. */
function isBuilt() {
  const addons = fs.readdirSync(ROOT).filter((name) => name.endsWith('.node'));
  if (addons.length === 0 || !fs.existsSync(path.join(ROOT, 'binding.js'))) {
    return false;
  }
  const built = Math.max(...addons.map((name) => newest(path.join(ROOT, name))));
  if (SOURCES.some((name) => newest(path.join(ROOT, name)) > built)) {
    return false;
  }
  // One that was built for another platform, or against another libc, is of no use.
  return spawnSync(process.execPath, ['-e', "require('./binding.js')"], { cwd: ROOT }).status === 0;
}

function ensureInstalled() {
  if (!isInstalled()) {
    mustRun('npm', ['ci', '--no-audit', '--no-fund']);
  }
}

function ensureBuilt() {
  if (!isBuilt()) {
    mustRun('npm', ['run', 'build']);
  }
}

module.exports = { ROOT, runShown, ensureInstalled, ensureBuilt };
