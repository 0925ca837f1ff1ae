'use strict';

// node scripts/publish.js    publishes the packages that `npm run pack -- --all` left in dist/
//
// The platforms first and the main package last, so that nobody gets one whose binary is not there
// yet. What the registry already has is left out: a run that broke off can be repeated. npm's token
// is in NPM_TOKEN; no file gets to hold it.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const ROOT = path.join(__dirname, '..');

/** The tarballs in a folder with the name of each package: those of the platforms, and the main one. */
function tarballs(folder, { name, version }) {
  const ending = `-${version}.tgz`;
  const main = name + ending;
  const files = fs.readdirSync(folder).filter((file) => file.endsWith(ending)).sort();
  if (!files.includes(main)) {
    throw new Error(`no ${main} in ${folder}: npm run pack -- --all`);
  }
  const named = (file) => ({ name: file.slice(0, -ending.length), file: path.join(folder, file) });
  return { platforms: files.filter((file) => file !== main).map(named), main: named(main) };
}

/**
 * Publishes what is in the folder to the registry that npm is set up for.
 *
 * @param {string} folder
 * @param {object} [options]
 * @param {NodeJS.ProcessEnv} [options.env] of npm; with NPM_TOKEN
 * @param {(line: string) => void} [options.note]
 */
async function publish(folder, { env = process.env, note = () => {} } = {}) {
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'publish-'));
  // npm is a .cmd file on Windows. The arguments are all our own.
  const npm = (...args) => promisify(execFile)('npm', args, { cwd: work, env, shell: process.platform === 'win32' });
  try {
    const registry = (await npm('config', 'get', 'registry')).stdout.trim();
    // npm itself puts the value in.
    fs.writeFileSync(path.join(work, '.npmrc'), `${registry.replace(/^https?:/, '').replace(/\/?$/, '/')}:_authToken=\${NPM_TOKEN}\n`);
    fs.writeFileSync(path.join(work, 'package.json'), '{"private":true}');
    // npm proves where a package was built only if it says where its sources are.
    const proof = manifest.repository && env.GITHUB_ACTIONS ? ['--provenance'] : [];
    const one = async ({ name, file }) => {
      const present = await npm('view', `${name}@${manifest.version}`, 'version').then(({ stdout }) => stdout.trim(), () => '');
      if (present === '') {
        await npm('publish', file, '--access', 'public', '--ignore-scripts', ...proof);
      }
      note(`${name}@${manifest.version}${present === '' ? '' : ' (was there)'}`);
    };
    const { platforms, main } = tarballs(folder, manifest);
    const failed = (await Promise.allSettled(platforms.map(one))).find(({ status }) => status === 'rejected');
    if (failed) {
      throw failed.reason;
    }
    await one(main);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

module.exports = { publish };

if (require.main === module) {
  publish(path.join(ROOT, 'dist'), { note: (line) => console.log(line) }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
