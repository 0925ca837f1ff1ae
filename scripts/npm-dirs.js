'use strict';

// `npm run create-npm-dirs`: writes npm/, one folder a platform with its manifest and README, as the
// napi CLI makes them from package.json, completed. `npm run pack` fills copies of them.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('./prepare.js');

const NPM_DIRS = path.join(ROOT, 'npm');
/** The file that is added when a package is made: the licences of what is in its binary. */
const NOTICES = 'THIRD-PARTY-NOTICES';
/** C libraries by the end of a platform's name. */
const LIBC = [
  [/-gnu(eabihf)?$/, 'glibc'],
  [/-musl(eabihf)?$/, 'musl']
];

/** Completes the manifest of one platform. */
function complete(file, id) {
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  const [, libc] = LIBC.find(([pattern]) => pattern.test(id)) || [];
  const completed = {
    ...manifest,
    files: [...manifest.files, NOTICES],
    // The CLI leaves it out for 32-bit ARM, where npm would then install both.
    ...(libc && { libc: [libc] })
  };
  fs.writeFileSync(file, `${JSON.stringify(completed, null, 2)}\n`);
}

/**
 * Makes the folders anew.
 *
 * @param {string} root a folder with a package.json; what is in its folder npm goes
 */
function createNpmDirs(root) {
  const out = path.join(root, 'npm');
  fs.rmSync(out, { recursive: true, force: true });
  // The CLI knows the targets and their names.
  const cli = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
  const args = [cli, 'create-npm-dirs', '--cwd', root, '--npm-dir', 'npm'];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`'napi create-npm-dirs' failed: ${error?.message ?? (stderr || stdout).trim()}`);
  }
  for (const id of fs.readdirSync(out)) {
    complete(path.join(out, id, 'package.json'), id);
  }
}

module.exports = { NOTICES, NPM_DIRS, createNpmDirs };

if (require.main === module) {
  createNpmDirs(ROOT);
}
