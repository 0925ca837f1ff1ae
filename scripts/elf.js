'use strict';

// What a binary asks of the system that it is loaded on, as readelf tells it.

const { run } = require('./fetching.js');

function newest(versions) {
  return versions
    .map((version) => version.split('.').map(Number))
    .sort(([a, b], [c, d]) => a - c || b - d)
    .at(-1)
    ?.join('.');
}

/**
 * @param {string} file
 * @returns {Promise<{machine: string, libraries: string[], glibc?: string}>} `glibc`: the version
 *   that it needs at least
 */
async function readBinary(file) {
  const { stdout } = await run('readelf', ['--wide', '-h', '-d', '-V', file], {
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 16 << 20
  });
  return {
    machine: /Machine: +(?:Advanced Micro Devices )?(\S+)/.exec(stdout)?.[1],
    libraries: [...stdout.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name),
    glibc: newest([...stdout.matchAll(/\bGLIBC_(\d+\.\d+)/g)].map(([, version]) => version))
  };
}

/** What is wrong with the binary of a platform (see linux-platforms.js), a line each. */
async function binaryProblems(file, platform) {
  const { machine, libraries, glibc } = await readBinary(file);
  const problems = [];
  if (machine !== platform.machine) {
    problems.push(`it is for ${machine}`);
  }
  const foreign = libraries.filter((name) => !platform.libraries.test(name));
  if (foreign.length > 0) {
    problems.push(`it needs ${foreign.join(', ')}`);
  }
  if (glibc && newest([glibc, platform.glibc ?? '0.0']) !== platform.glibc) {
    problems.push(`it needs glibc ${glibc}`);
  }
  return problems;
}

module.exports = { binaryProblems, readBinary };
