'use strict';

// The package managers that people install with, each as a user would call it.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { npmTool } = require('../../../scripts/npm-tools.js');
const { tempDir } = require('../../support/temp-dir.js');

const DEADLINE = 120_000;

/** npm's own program beside this Node, so that it needs nothing else on PATH. */
function npmProgram() {
  const found = [
    process.env.npm_execpath,
    ...['../lib', '.'].map((dir) =>
      path.join(path.dirname(fs.realpathSync(process.execPath)), dir, 'node_modules/npm/bin/npm-cli.js')
    )
  ].find((file) => file?.endsWith('npm-cli.js') && fs.existsSync(file));
  if (!found) {
    throw new Error('no npm beside this Node.js');
  }
  return found;
}

/** The folder that is all of PATH: Node and a shell, but no compiler, no make and no Python. */
function barePath() {
  const dir = tempDir('bare-path');
  fs.symlinkSync(process.execPath, path.join(dir, 'node'));
  fs.symlinkSync('/bin/sh', path.join(dir, 'sh'));
  return dir;
}

/** The settings file of pnpm and of Yarn 4. */
function writeSettings(folder, file, settings) {
  // YAML takes JSON.
  fs.writeFileSync(path.join(folder, file), JSON.stringify(settings));
}

function yarn1Cache(registry) {
  return ['--cache-folder', path.join(registry.dir, 'yarn1-cache')];
}

function architectures(platform) {
  return platform && { supportedArchitectures: { os: [platform.os], cpu: [platform.cpu], libc: [platform.libc] } };
}

/**
 * `add`: the arguments that install a package newly, as if on `platform` when it is given; `restore`:
 * those that install what the lock file says, which must not change. `keepsToLibc`: it installs
 * nothing for another C library.
 */
const MANAGERS = {
  npm: {
    keepsToLibc: true,
    program: npmProgram,
    add: ({ name, platform }) => [
      'install',
      name,
      ...(platform ? [`--os=${platform.os}`, `--cpu=${platform.cpu}`, `--libc=${platform.libc}`] : [])
    ],
    restore: () => ['ci']
  },
  pnpm: {
    keepsToLibc: true,
    program: () => npmTool('pnpm'),
    prepare: ({ folder, registry, platform }) =>
      writeSettings(folder, 'pnpm-workspace.yaml', {
        storeDir: path.join(registry.dir, 'pnpm-store'),
        cacheDir: path.join(registry.dir, 'pnpm-cache'),
        ...architectures(platform)
      }),
    add: ({ name }) => ['add', name],
    restore: () => ['install', '--frozen-lockfile']
  },
  'Yarn 1': {
    // It knows of no C libraries, and can't install for another platform, only for all of them.
    keepsToLibc: false,
    program: () => npmTool('yarn1'),
    add: ({ name, platform, registry }) => [
      'add',
      name,
      ...yarn1Cache(registry),
      ...(platform ? ['--ignore-platform'] : [])
    ],
    restore: ({ registry }) => ['install', '--frozen-lockfile', ...yarn1Cache(registry)]
  },
  'Yarn 4': {
    keepsToLibc: true,
    program: () => npmTool('yarn4'),
    prepare: ({ folder, registry, platform }) =>
      writeSettings(folder, '.yarnrc.yml', {
        npmRegistryServer: registry.url,
        unsafeHttpWhitelist: ['127.0.0.1'],
        nodeLinker: 'node-modules',
        // What has just been published would have to wait.
        npmMinimalAgeGate: 0,
        enableTelemetry: false,
        enableGlobalCache: false,
        globalFolder: path.join(registry.dir, 'yarn4'),
        cacheFolder: path.join(registry.dir, 'yarn4-cache'),
        ...architectures(platform)
      }),
    add: ({ name }) => ['add', name],
    restore: () => ['install', '--immutable']
  }
};

/** Runs one of its commands with nothing but Node and a shell on PATH. */
async function call(manager, command, options) {
  const { folder, registry } = options;
  const { program, prepare, [command]: args } = MANAGERS[manager];
  prepare?.(options);
  const env = { ...registry.env, PATH: barePath() };
  const argv = [await program(), ...args(options)];
  try {
    await promisify(execFile)(process.execPath, argv, { cwd: folder, env, timeout: DEADLINE });
  } catch (error) {
    throw new Error(`${manager} ${argv.slice(1).join(' ')}: ${error.message}\n${error.stdout}${error.stderr}`, {
      cause: error
    });
  }
}

/**
 * Installs a package into an empty folder, and returns the folder.
 *
 * @param {{os: string, cpu: string, libc: string}} [platform] as if on this one
 */
async function install(manager, { name, registry, platform }) {
  const folder = tempDir(manager.replace(' ', '').toLowerCase());
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'user-directory', private: true }));
  await call(manager, 'add', { folder, name, registry, platform });
  return folder;
}

/** Installs anew what the lock file in the folder says, on this platform. */
async function restore(manager, folder, registry) {
  fs.rmSync(path.join(folder, 'node_modules'), { recursive: true });
  await call(manager, 'restore', { folder, registry });
}

/** Names of the installed packages that begin so, wherever the manager puts them. */
function installed(folder, prefix) {
  const inside = (dir) => (fs.existsSync(dir) ? fs.readdirSync(dir) : []);
  const modules = path.join(folder, 'node_modules');
  return [...new Set([...inside(modules), ...inside(path.join(modules, '.pnpm', 'node_modules'))])]
    .filter((name) => name.startsWith(prefix))
    .sort();
}

module.exports = { MANAGERS, install, restore, installed };
