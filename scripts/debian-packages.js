'use strict';

// Unpacks packages of Debian, of a release that need not be this machine's, into .cache/ without
// installing them: for tests on processors and C libraries that are not this machine's. Needs
// apt-get, no rights, and takes the mirror and the keys that the machine is set up with.

const fs = require('node:fs');
const path = require('node:path');
const { CACHE: ALL, makeWorkFolder, mayInstall, onPath, run, settle } = require('./fetching.js');

const CACHE = path.join(ALL, 'debian');
/** The releases, and the architectures of packages that are named with one, as in `musl:arm64`. */
const RELEASES = { trixie: ['amd64', 'arm64'], bookworm: ['armhf'] };
const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The mirror that the machine is set up with; known once it has lists of packages. */
async function mirror() {
  const look = async () => {
    const { stdout } = await run('apt-get', [
      'indextargets',
      '--format',
      '$(REPO_URI)',
      'Created-By: Packages',
      'Origin: Debian'
    ]);
    return stdout.split('\n').find((line) => /\/debian\/?$/.test(line));
  };
  const known = await look();
  if (!known && mayInstall()) {
    await run('apt-get', ['update', '-q'], { timeout: 300_000, maxBuffer: 16 << 20 });
  }
  const uri = known ?? (await look());
  if (!uri) {
    throw new Error('apt-get knows no mirror of Debian (after apt-get update)');
  }
  return uri;
}

/** Lists and configuration of their own, so that the machine's stay as they are. */
async function ownApt(folder, release) {
  const lists = path.join(folder, 'lists');
  const sources = path.join(folder, 'debian.sources');
  const configuration = path.join(folder, 'apt.conf');
  fs.mkdirSync(path.join(lists, 'partial'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'archives', 'partial'), { recursive: true });
  fs.writeFileSync(
    sources,
    `Types: deb\nURIs: ${await mirror()}\nSuites: ${release}\nComponents: main\nSigned-By: ${KEYS}\n`
  );
  fs.writeFileSync(
    configuration,
    [
      `Dir::State::lists "${lists}";`,
      'Dir::State::status "/dev/null";',
      `Dir::Cache "${folder}";`,
      `Dir::Etc::sourcelist "${sources}";`,
      'Dir::Etc::sourceparts "-";',
      `APT::Architectures { ${RELEASES[release].map((name) => `"${name}"`).join('; ')}; };`,
      'APT::Sandbox::User "";',
      'Acquire::Languages "none";'
    ].join('\n')
  );
  return { ...process.env, APT_CONFIG: configuration };
}

/**
 * A folder with the content of these packages, each in a folder of its name.
 *
 * @param {string[]} packages names, with an architecture where it is another
 * @param {string} [release] of RELEASES
 */
async function debianPackages(packages, note, release = 'trixie') {
  if (packages.every((name) => fs.existsSync(path.join(CACHE, name)))) {
    return CACHE;
  }
  if (!onPath('apt-get') || !onPath('dpkg-deb')) {
    throw new Error('no apt-get and dpkg-deb on PATH');
  }
  note(`fetching from Debian: ${packages.join(', ')}`);
  const env = await ownApt(path.join(CACHE, `apt-${release}`), release);
  const apt = (args, cwd) => run('apt-get', ['-q', ...args], { env, cwd, timeout: 300_000, maxBuffer: 16 << 20 });
  const work = makeWorkFolder(CACHE);
  try {
    for (const name of packages.filter((one) => !fs.existsSync(path.join(CACHE, one)))) {
      const folder = path.join(work, name);
      fs.mkdirSync(folder);
      // The lists may not be there yet, or may be old.
      await apt(['download', name], folder).catch(async () => {
        await apt(['update'], work);
        await apt(['download', name], folder);
      });
      const file = fs.readdirSync(folder).find((one) => one.endsWith('.deb'));
      const content = path.join(work, `content of ${name}`);
      await run('dpkg-deb', ['-x', path.join(folder, file), content]);
      settle(content, path.join(CACHE, name));
    }
    return CACHE;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

module.exports = { debianPackages };
