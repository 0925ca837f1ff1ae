'use strict';

// node scripts/check-version.js [v1.2.3]    every file tells the same version, that of the tag; and
//                                           with a tag, the changelog has the day of its release

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');

function read(file) {
  return fs.readFileSync(path.join(ROOT, file), 'utf8');
}

/** The manifests that `npm run create-npm-dirs` writes. */
function platformManifests() {
  return fs.readdirSync(path.join(ROOT, 'npm')).map((id) => `npm/${id}/package.json`);
}

/** The version that each file tells. */
function versions() {
  const { name, version } = JSON.parse(read('package.json'));
  const lock = JSON.parse(read('package-lock.json'));
  const cargo = (file) => new RegExp(`^name = "${name}"\\r?\\nversion = "(.+)"`, 'm').exec(read(file))?.[1];
  return {
    'package.json': version,
    'package-lock.json': lock.packages[''].version,
    'Cargo.toml': cargo('Cargo.toml'),
    'Cargo.lock': cargo('Cargo.lock'),
    ...Object.fromEntries(platformManifests().map((file) => [file, JSON.parse(read(file)).version]))
  };
}

/** What does not fit, a line each. */
function versionProblems(tag) {
  const all = versions();
  const wanted = tag ? tag.replace(/^v/, '') : all['package.json'];
  const problems = Object.entries(all)
    .filter(([, version]) => version !== wanted)
    .map(([file, version]) => `${file} has version ${version}, not ${wanted}`);
  const heading = read('CHANGELOG.md')
    .split(/\r?\n/)
    .find((line) => line.startsWith(`## [${wanted}]`));
  if (!heading) {
    problems.push(`CHANGELOG.md has no heading for ${wanted}`);
  } else if (tag && !/ - \d{4}-\d\d-\d\d$/.test(heading)) {
    problems.push(`CHANGELOG.md does not tell the day of ${wanted}: ${heading}`);
  }
  return problems;
}

module.exports = { versionProblems };

if (require.main === module) {
  const problems = versionProblems(process.argv[2]);
  problems.forEach((line) => console.error(line));
  process.exitCode = problems.length > 0 ? 1 : 0;
}
