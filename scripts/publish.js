'use strict';

// node scripts/publish.js    publishes the packages that `npm run pack -- --all` left in dist/
//
// The platforms first and the main package last, so that nobody gets one whose binary is not there
// yet. What the registry already has is left out: a run that broke off can be repeated. If it has
// anything else under a name and version, nothing is published. npm's token is in NPM_TOKEN; no file
// gets to hold it.

const { execFile } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

/** The version in a folder, and its tarballs with the name of each package: those of the platforms, and the main one. */
function packed(folder) {
  const described = path.join(folder, 'main', 'package.json');
  if (!fs.existsSync(described)) {
    throw new Error(`no packages in ${folder}: npm run pack -- --all`);
  }
  const { name, version } = JSON.parse(fs.readFileSync(described, 'utf8'));
  const ending = `-${version}.tgz`;
  const main = name + ending;
  const files = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .sort();
  if (!files.includes(main)) {
    throw new Error(`no ${main} in ${folder}: npm run pack -- --all`);
  }
  const named = (file) => ({ name: file.slice(0, -ending.length), file: path.join(folder, file) });
  return { version, platforms: files.filter((file) => file !== main).map(named), main: named(main) };
}

/** What npm calls the integrity of a tarball. */
function integrityOf(file) {
  return `sha512-${crypto.createHash('sha512').update(fs.readFileSync(file)).digest('base64')}`;
}

/** Whether one release is older than another, which may be a prerelease. */
function isOlder(version, than) {
  const [ours, theirs] = [version, than].map((text) => text.split(/[-+]/)[0].split('.').map(Number));
  const at = ours.findIndex((number, index) => number !== theirs[index]);
  return at !== -1 && ours[at] < theirs[at];
}

/**
 * The tag that a version is published with; what people install without naming one is `latest`.
 *
 * @param {string} version
 * @param {string} [latest] the version that has the tag now
 */
function distTag(version, latest) {
  const [release] = version.split('+');
  if (release.includes('-')) {
    return 'next';
  }
  // A tag that reads as a range of versions is refused.
  return latest && isOlder(release, latest) ? `release-${release.split('.').slice(0, 2).join('.')}` : 'latest';
}

/** Asks the registry with `npm view`; undefined when it has no such thing. */
async function view(npm, ...args) {
  try {
    const { stdout } = await npm('view', ...args, '--json');
    return stdout.trim() === '' ? undefined : JSON.parse(stdout);
  } catch (error) {
    if (/\bE404\b/.test(`${error.stdout}${error.stderr}`)) {
      return undefined;
    }
    throw error;
  }
}

/**
 * A package with what is to be done: with its tag when it is to be published, or with what keeps it
 * from being published.
 */
async function lookUp(npm, { name, file }, version) {
  const dist = await view(npm, `${name}@${version}`, 'dist');
  if (!dist) {
    const latest = await view(npm, name, 'dist-tags.latest');
    return { name, file, tag: distTag(version, latest) };
  }
  return {
    name,
    file,
    problem:
      dist.integrity === integrityOf(file)
        ? undefined
        : `the registry has another ${name}@${version} than ${path.basename(file)}`
  };
}

/** All results; throws what failed first. */
async function all(promises) {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find(({ status }) => status === 'rejected');
  if (failed) {
    throw failed.reason;
  }
  return settled.map(({ value }) => value);
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
  const { version, platforms, main } = packed(folder);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'publish-'));
  // npm is a .cmd file on Windows. The arguments are all our own.
  const npm = (...args) => promisify(execFile)('npm', args, { cwd: work, env, shell: process.platform === 'win32' });
  try {
    const registry = (await npm('config', 'get', 'registry')).stdout.trim();
    // npm itself puts the value in.
    fs.writeFileSync(
      path.join(work, '.npmrc'),
      `${registry.replace(/^https?:/, '').replace(/\/?$/, '/')}:_authToken=\${NPM_TOKEN}\n`
    );
    fs.writeFileSync(path.join(work, 'package.json'), '{"private":true}');
    const found = await all([...platforms, main].map((one) => lookUp(npm, one, version)));
    const problems = found.flatMap(({ problem }) => problem ?? []);
    if (problems.length > 0) {
      throw new Error(`nothing was published: ${problems.join('; ')}`);
    }
    // GitHub's runners can prove where the packages were built.
    const proof = env.GITHUB_ACTIONS ? ['--provenance'] : [];
    const one = async ({ name, file, tag }) => {
      if (tag) {
        await npm('publish', file, '--access', 'public', '--ignore-scripts', '--tag', tag, ...proof);
      }
      note(`${name}@${version} (${tag ?? 'was there'})`);
    };
    await all(found.slice(0, -1).map(one));
    await one(found.at(-1));
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

module.exports = { distTag, publish };

if (require.main === module) {
  publish(path.join(__dirname, '..', 'dist'), { note: (line) => console.log(line) }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
