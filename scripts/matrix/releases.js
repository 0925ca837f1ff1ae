'use strict';

// Fetches releases of Node-RED and Node.js from npm into .cache/matrix/. Only Node built-ins.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);

const CACHE = path.join(__dirname, '..', '..', '.cache', 'matrix');
const DEADLINE = 600_000;
const ATTEMPTS = 3;

/** The npm that each Node.js brings along, as far as its major version goes. */
const npmOf = (line) => (Number(line) < 24 ? '10' : '11');

/** The package that holds the program of Node.js for this machine, and nothing else. */
function nodePackage() {
  const { arch } = process;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;
}

async function npm(args, cwd) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { stdout } = await run('npm', args, {
        cwd,
        timeout: DEADLINE,
        maxBuffer: 16 << 20,
        // npm is a .cmd file on Windows. The arguments are all our own.
        shell: process.platform === 'win32'
      });
      return stdout;
    } catch (error) {
      if (attempt === ATTEMPTS) {
        throw new Error(`npm ${args.join(' ')}: ${(error.stderr || error.message).trim()}`, { cause: error });
      }
    }
  }
}

/** Compares versions that are numbers alone. */
function byVersion(one, other) {
  const [left, right] = [one, other].map((version) => version.split('.').map(Number));
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : left[at] - right[at];
}

/** The newest version of a release line that npm has. */
async function newestVersion(name, line) {
  const versions = [JSON.parse(await npm(['view', `${name}@${line}`, 'version', '--json'], CACHE))].flat();
  return versions
    .filter((version) => /^[\d.]+$/.test(version))
    .sort(byVersion)
    .at(-1);
}

/** The version of a package in a folder; some that hold Node.js write it as Node.js does, 'v18.0.0'. */
function installedVersion(folder, name) {
  try {
    const file = path.join(folder, 'node_modules', name, 'package.json');
    return JSON.parse(fs.readFileSync(file, 'utf8')).version.replace(/^v/, '');
  } catch {
    return undefined;
  }
}

/** Removes what runs have left behind that were interrupted. */
function tidy() {
  for (const name of fs.readdirSync(CACHE)) {
    const [, pid] = /^\.fetch-(\d+)-/.exec(name) || [];
    try {
      if (pid) {
        process.kill(Number(pid), 0);
      }
    } catch {
      fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
    }
  }
}

/** Installs packages into a folder, which is there in one step and replaces an older one. */
async function installInto(folder, dependencies) {
  const work = fs.mkdtempSync(path.join(CACHE, `.fetch-${process.pid}-`));
  try {
    fs.writeFileSync(path.join(work, 'package.json'), JSON.stringify({ private: true, dependencies }));
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund'], work);
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(work, folder);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A release of a line, with what belongs to it. One that is in the cache does, unless the newest
 * is asked for and can be had.
 */
async function fetchRelease({ label, name, line, beside = {}, newest, note }) {
  fs.mkdirSync(CACHE, { recursive: true });
  tidy();
  const folder = path.join(CACHE, `${label}-${line}`);
  const present = installedVersion(folder, name);
  if (present && !newest) {
    return { folder, version: present };
  }
  try {
    const version = await newestVersion(name, line);
    if (version !== present) {
      note(`fetching ${label} ${version}`);
      await installInto(folder, { [name]: version, ...beside });
    }
    return { folder, version };
  } catch (error) {
    if (!present) {
      throw error;
    }
    note(`${label} ${present} it is, as whether there is a newer one can't be asked: ${error.message}`);
    return { folder, version: present };
  }
}

/**
 * A Node-RED.
 *
 * @param {string} line its release line, e.g. '3.1'
 * @param {{newest: boolean, note: (line: string) => void}} options
 * @returns {Promise<{path: string, version: string, engines: string}>} the folder of its package,
 *   and which Node.js it wants
 */
async function fetchNodeRed(line, options) {
  const { folder, version } = await fetchRelease({ label: 'node-red', name: 'node-red', line, ...options });
  const target = path.join(folder, 'node_modules', 'node-red');
  const { engines } = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8'));
  return { path: target, version, engines: engines.node };
}

/**
 * A Node.js, with its npm in the same folder.
 *
 * @param {string} line its release line, e.g. '18'
 * @param {{newest: boolean, note: (line: string) => void}} options
 * @returns {Promise<{path: string, version: string}>} the program
 */
async function fetchNode(line, options) {
  const release = { label: 'node', name: nodePackage(), line, beside: { npm: `^${npmOf(line)}` } };
  const { folder } = await fetchRelease({ ...release, ...options });
  const program = path.join(folder, 'node_modules', '.bin', 'node');
  const { stdout } = await run(program, ['--version'], { timeout: 60_000 });
  return { path: program, version: stdout.trim().replace(/^v/, '') };
}

/** Whether the `engines` of a package, '>=' and a version, take this Node.js. */
function allows(engines, version) {
  const [, least] = /^>=\s*(\d+(?:\.\d+)*)$/.exec(engines) || [];
  if (!least) {
    throw new Error(`engines '${engines}' are of a form that this script does not know`);
  }
  return byVersion(least.split('.').concat(0, 0).slice(0, 3).join('.'), version) <= 0;
}

module.exports = { allows, fetchNode, fetchNodeRed };
