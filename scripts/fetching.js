'use strict';

// What the scripts that fetch programs into .cache/ have in common. Only Node built-ins.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);

const CACHE = path.join(__dirname, '..', '.cache');
const PYTHONS = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];

/** A private folder in one of .cache/, so that it can be renamed into place in one step. */
function makeWorkFolder(cache) {
  fs.mkdirSync(cache, { recursive: true });
  return fs.mkdtempSync(path.join(cache, '.fetch-'));
}

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

/** The path of a program on PATH. */
function onPath(name) {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  for (const dir of (process.env.PATH || '').split(path.delimiter)) {
    const candidate = path.join(dir, file);
    if (dir && fs.existsSync(candidate)) {
      return candidate;
    }
  }
  return undefined;
}

/** Whether this user may install Debian's packages. */
function mayInstall() {
  return process.platform === 'linux' && Boolean(onPath('apt-get')) && process.getuid() === 0;
}

async function aptInstall(name, note) {
  note(`installing ${name} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) => run('apt-get', args, { env, timeout: 600_000, maxBuffer: 16 << 20 });
  const install = () => apt('install', '-y', '-q', '--no-install-recommends', name);
  await install().catch(async () => {
    await apt('update', '-q');
    await install();
  });
}

let pip;

/** A Python that has pip, installed when this user may; looked for once. */
function pythonWithPip(note) {
  const look = async () => {
    for (const python of PYTHONS) {
      if (
        onPath(python) &&
        (await run(python, ['-m', 'pip', '--version']).then(
          () => true,
          () => false
        ))
      ) {
        return python;
      }
    }
    return undefined;
  };
  pip ??= look().then(async (python) => {
    if (!python && mayInstall()) {
      await aptInstall('python3-pip', note);
      return look();
    }
    return python;
  });
  return pip;
}

/** The last line of what a program said when it failed. */
function lastWords(error) {
  return (error.stderr || error.message).trim().split('\n').pop();
}

module.exports = { CACHE, aptInstall, lastWords, makeWorkFolder, mayInstall, onPath, pythonWithPip, run, settle };
