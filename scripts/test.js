'use strict';

// `npm test`: sets up what is missing, then runs every test.
//
//   npm test                    everything
//   npm test -- reload library  the Node tests whose path contains one of the words
//   npm test -- --no-server     those that need no server, and those of the Rust core: for systems
//                               that there is no server for

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');
const { ensureChromium } = require('./chromium.js');
const { runShown, ensureInstalled, ensureBuilt } = require('./prepare.js');
const { FAILED_BEFORE } = require('./test-report.js');
const { testFiles, withBrowser, withoutServer } = require('./test-files.js');
const { findServer } = require('./valkey-server.js');

const TEST_TIMEOUT = 180_000;
const CONCURRENCY = 3;

/** Options that this Node's test runner has; they came with later 18 and 20 releases. */
function runnerOptions() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const since = (...releases) => releases.some(([line, from]) => major === line && minor >= from) || major > 20;
  return [
    // Ours ends with the totals whatever failed; Node's own for a terminal repeats the failures after them.
    `--test-reporter=${process.stdout.isTTY ? 'spec' : path.join(__dirname, 'test-report.js')}`,
    ...(since([20, 10], [18, 19]) ? [`--test-concurrency=${CONCURRENCY}`] : []),
    ...(since([20, 11]) ? [`--test-timeout=${TEST_TIMEOUT}`] : [])
  ];
}

/**
 * Runs cargo with its output shown.
 * @returns {Promise<string[]>} names of what failed; empty when nothing did
 */
async function cargoFailures(args, env) {
  console.log(`> cargo ${args.join(' ')}`);
  const cargo = spawn('cargo', args, {
    cwd: path.join(__dirname, '..'),
    stdio: ['inherit', 'pipe', 'inherit'],
    env: { ...process.env, ...env }
  });
  const ended = new Promise((resolve) => cargo.once('error', resolve).once('close', resolve));
  const names = [];
  for await (const line of readline.createInterface({ input: cargo.stdout, crlfDelay: Infinity })) {
    console.log(line);
    const name = /^---- (.+) stdout ----$/.exec(line)?.[1];
    if (name) {
      names.push(`cargo test: ${name}`);
    }
  }
  const outcome = await ended;
  if (outcome === 0) {
    return [];
  }
  if (outcome instanceof Error) {
    console.error(outcome.message);
  }
  return names.length > 0 ? names : ['cargo test'];
}

async function serverEnvironment(isWanted) {
  if (!isWanted) {
    // Whoever looks for one all the same fails.
    return { VALKEY_SERVER: 'none' };
  }
  const server = await findServer({ preferValkey: true, note: (line) => console.log(line) });
  console.log(`Tests use ${server.flavour} (${server.version})`);
  return { VALKEY_SERVER: server.path };
}

async function main(args) {
  const words = args.filter((arg) => arg !== '--no-server');
  const needsNone = args.includes('--no-server');
  ensureInstalled();
  ensureBuilt();
  const env = await serverEnvironment(!needsNone);

  const rust = ['test', '--quiet', '--no-fail-fast', ...(needsNone ? ['--lib', '--test', 'addon'] : [])];
  const failed = words.length === 0 ? await cargoFailures(rust, env) : [];
  if (failed.length > 0) {
    console.log(`This run fails, whatever the Node tests below say: ${failed.join(', ')}`);
  }
  const files = testFiles(words).filter((file) => !needsNone || withoutServer(file));
  if (files.length === 0) {
    throw new Error(`no test file in __test__ has a name with: ${words.join(', ')}`);
  }
  if (files.some(withBrowser)) {
    await ensureChromium((line) => console.log(line));
  }
  const node = ['--test', ...runnerOptions(), ...files];
  const status = runShown(process.execPath, node, { ...env, [FAILED_BEFORE]: failed.join('\n') });
  process.exitCode = status !== 0 || failed.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
