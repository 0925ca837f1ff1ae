'use strict';

// `npm run test:platforms`: builds the binaries of the Linux platforms, examines them, installs the
// packages as npm does on each, and runs Node-RED there, admin and worker; the tests of the Rust core
// where there is no Node.js to be had. On a Linux x64 machine; other processors are emulated. macOS
// and Windows can't be tried: the release workflow does.
//
//   npm run test:platforms                     all; what can't be had here is told and left out
//   npm run test:platforms -- linux-x64-musl   this one; what can't be had is a failure
//   npm run test:platforms -- --built          takes the binaries that are in binaries/

const path = require('node:path');
const { ROOT, runShown, ensureInstalled, ensureBuilt } = require('./prepare.js');
const { PREBUILT } = require('../lib/binding/platform.js');
const { askedFor, buildLinux, describe, examine } = require('./build-linux.js');
const { testCore } = require('./core-tests.js');
const { foreignNode } = require('./foreign-node.js');
const { LINUX } = require('./linux-platforms.js');
const { findServer } = require('./valkey-server.js');

const note = (line) => console.log(line);

/** A platform with what is needed to try it, or the reason why it can't be tried. */
async function prepared(result) {
  if (!result.file || result.problems.length > 0) {
    return result;
  }
  try {
    return { ...result, node: await foreignNode(result.id, note) };
  } catch (error) {
    return { ...result, reason: `no Node.js for it: ${error.message}` };
  }
}

function outcome({ id, node, problems = [], reason }, { installed, cores }) {
  if (problems.length > 0) {
    return `WRONG: ${problems.join(', ')}`;
  }
  if (reason) {
    return `not tried here: ${reason}`;
  }
  if (!installed || cores.get(id) === false) {
    return 'see the tests above';
  }
  return node
    ? 'installed, and Node-RED ran'
    : "installed, the binary loaded, and the core's tests passed under emulation; no Node.js to be had for it";
}

async function main(args) {
  const words = args.filter((arg) => arg !== '--built');
  const ids = askedFor(words);
  ensureInstalled();
  ensureBuilt();
  const server = await findServer({ preferValkey: true, note });
  const built = args.includes('--built')
    ? await Promise.all(LINUX.filter(({ id }) => ids.includes(id)).map(examine))
    : await buildLinux(ids, note);
  const results = [];
  for (const result of built) {
    console.log(await describe(result));
    results.push(await prepared(result));
  }
  const tried = results.filter(({ file, problems, reason }) => file && problems.length === 0 && !reason);
  const env = {
    VALKEY_SERVER: server.path,
    PLATFORMS: JSON.stringify(tried.map(({ id, node }) => ({ id, node })))
  };
  const installed =
    tried.length > 0 &&
    runShown(process.execPath, ['--test', path.join(ROOT, '__test__', 'shipping', 'platforms.js')], env) === 0;
  const cores = new Map();
  for (const platform of tried.filter(({ node }) => !node)) {
    console.log(`${platform.id}: the tests of the core under emulation`);
    cores.set(platform.id, await testCore(platform, server.path, note));
  }
  for (const result of results) {
    console.log(`${result.id}: ${outcome(result, { installed, cores })}`);
  }
  for (const id of PREBUILT.filter((name) => !name.startsWith('linux-'))) {
    console.log(`${id}: not tried here: needs a machine of its own`);
  }
  const isWrong = results.some(({ problems = [], reason }) => problems.length > 0 || (reason && words.length > 0));
  process.exitCode = isWrong || !installed || [...cores.values()].includes(false) ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
