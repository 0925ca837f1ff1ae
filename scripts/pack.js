'use strict';

// `npm run pack`: the packages of a release, exactly as npm publishes them. Node-RED's hosts install
// the main package, and with it the one package of theirs that holds a binary.
//
//   npm run pack                     the main package, and each platform whose binary is there
//   npm run pack -- --all            the same; a platform without a binary is an error
//   npm run pack -- --binaries DIR   takes the binaries from there, not from the checkout
//
// dist/ then has a folder and a tarball for each, the sizes are printed.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { notices } = require('./notices.js');
const { NOTICES, NPM_DIRS } = require('./npm-dirs.js');
const { ROOT } = require('./prepare.js');

/** What only a checkout has a use for; `private` keeps it from being published as it is. */
const DEVELOPMENT = ['devDependencies', 'napi', 'overrides', 'private', 'scripts'];
const SHIPPED_ANYWAY = ['README.md', 'LICENSE'];

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function writeJson(file, value) {
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 16 << 20,
    // npm is a .cmd file on Windows. The arguments are all our own.
    shell: process.platform === 'win32'
  });
  if (status !== 0) {
    throw new Error(`'${command} ${args.join(' ')}' failed: ${error?.message ?? (stderr || stdout).trim()}`);
  }
  return stdout;
}

/** The loader holds the version that it was generated for. */
function checkLoader({ version }) {
  const loader = path.join(ROOT, 'binding.js');
  if (!fs.existsSync(loader) || !fs.readFileSync(loader, 'utf8').includes(`expected ${version} but got`)) {
    throw new Error(`binding.js is not there, or not of version ${version}: npm run build`);
  }
}

/**
 * The manifest with the address of the sources, which npm needs to prove where a package was built;
 * GitHub's runners know it.
 */
function withRepository(manifest, { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository }) {
  return manifest.repository || !server || !repository
    ? manifest
    : { ...manifest, repository: { type: 'git', url: `git+${server}/${repository}.git` } };
}

/** Whether a file of a folder that is shipped is: types by which lib/ is checked are for this checkout alone. */
const isShipped = (file) => !file.startsWith(path.join(ROOT, 'lib')) || !/\.d\.ts$|tsconfig\.json$|\btypes$/.test(file);

/** Completes the copy of a platform's folder; its binary may not be there. */
function fillPlatformFolder(folder, id, { version, repository }, binaries, text) {
  const file = path.join(folder, 'package.json');
  const manifest = readJson(file);
  if (manifest.version !== version) {
    throw new Error(`npm/${id} has version ${manifest.version}, not ${version}: npm run create-npm-dirs`);
  }
  const binary = path.join(binaries, manifest.main);
  const isThere = fs.existsSync(binary);
  writeJson(file, {
    ...manifest,
    ...(repository && { repository }),
    // By this the loader knows one that is not whole.
    ...(isThere && { binarySize: fs.statSync(binary).size })
  });
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.writeFileSync(path.join(folder, NOTICES), text);
  if (isThere) {
    fs.copyFileSync(binary, path.join(folder, manifest.main));
  }
  return { id, name: manifest.name, folder, isThere };
}

function fillMainFolder(folder, manifest, platforms) {
  for (const name of [...manifest.files, ...SHIPPED_ANYWAY]) {
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true, filter: isShipped });
  }
  const kept = Object.entries(manifest).filter(([key]) => !DEVELOPMENT.includes(key));
  writeJson(path.join(folder, 'package.json'), {
    ...Object.fromEntries(kept),
    // Not in the checkout: `npm ci` there would look for packages that are not published yet.
    optionalDependencies: Object.fromEntries(platforms.map(({ name }) => [name, manifest.version]))
  });
}

function tarball(folder, out) {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out, folder], out)
  );
  return {
    tarball: path.join(out, packed.filename),
    files: packed.files.map((file) => file.path),
    size: packed.size,
    unpackedSize: packed.unpackedSize
  };
}

/**
 * Makes the packages in the folder `out`, which must be empty or missing.
 *
 * @param {{out: string, binaries?: string, all?: boolean, env?: NodeJS.ProcessEnv}} options `all`: no
 *   binary may be missing; `env` may tell the repository
 * @returns {{name: string, folder: string, id?: string, tarball?: string, files?: string[], size?: number, unpackedSize?: number}[]}
 *   the main package first, then the platforms by name; sizes in bytes; without a binary no tarball
 */
function pack({ out, binaries = ROOT, all = false, env = process.env }) {
  const manifest = withRepository(readJson(path.join(ROOT, 'package.json')), env);
  checkLoader(manifest);
  fs.mkdirSync(out, { recursive: true });
  const texts = notices(manifest.napi.targets);
  const dirs = path.join(out, 'npm');
  fs.cpSync(NPM_DIRS, dirs, { recursive: true });
  const platforms = fs
    .readdirSync(dirs)
    .sort()
    .map((id) => fillPlatformFolder(path.join(dirs, id), id, manifest, binaries, texts.get(id)));
  const missing = platforms.filter(({ isThere }) => !isThere).map(({ id }) => id);
  if (all && missing.length > 0) {
    throw new Error(`no binary for ${missing.join(', ')} in ${binaries}`);
  }
  const main = { name: manifest.name, folder: path.join(out, 'main'), isThere: true };
  fillMainFolder(main.folder, manifest, platforms);
  return [main, ...platforms].map(({ isThere, ...entry }) =>
    isThere ? { ...entry, ...tarball(entry.folder, out) } : entry
  );
}

function kilobytes(bytes) {
  return `${Math.ceil(bytes / 1000).toLocaleString('en')} kB`.padStart(10);
}

function printSizes(packages) {
  for (const { name, tarball: file, size, unpackedSize } of packages) {
    console.log(
      file
        ? `${name.padEnd(46)} ${kilobytes(size)} ${kilobytes(unpackedSize)} unpacked`
        : `${name.padEnd(46)} no binary`
    );
  }
}

function main(args) {
  const all = args.includes('--all');
  const at = args.indexOf('--binaries');
  const out = path.join(ROOT, 'dist');
  fs.rmSync(out, { recursive: true, force: true });
  printSizes(pack({ out, all, binaries: at === -1 ? ROOT : path.resolve(args[at + 1] ?? '') }));
}

module.exports = { pack, printSizes };

if (require.main === module) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
