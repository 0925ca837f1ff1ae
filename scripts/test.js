'use strict';

// `npm test`: sets up what is missing, then runs every test.
//
//   npm test                    everything
//   npm test -- reload library  the Node tests whose path contains one of the words
//   npm test -- --no-server     those that need no server, and those of the Rust core: for systems
//                               that there is no server for

const { ensureChromium } = require('./chromium.js');
const { runShown, ensureInstalled, ensureBuilt } = require('./prepare.js');
const { testFiles, withBrowser, withoutServer } = require('./test-files.js');
const { findServer } = require('./valkey-server.js');

const TEST_TIMEOUT = 180_000;
const CONCURRENCY = 3;

/** Options that this Node's test runner has; they came with later 18 and 20 releases. */
function runnerOptions() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const since = (...releases) => releases.some(([line, from]) => major === line && minor >= from) || major > 20;
  return [
    // TAP ends with the totals whatever failed; the other one repeats the failures after them.
    `--test-reporter=${process.stdout.isTTY ? 'spec' : 'tap'}`,
    ...(since([20, 10], [18, 19]) ? [`--test-concurrency=${CONCURRENCY}`] : []),
    ...(since([20, 11]) ? [`--test-timeout=${TEST_TIMEOUT}`] : [])
  ];
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

  const failed = [];
  const rust = ['test', '--quiet', '--no-fail-fast', ...(needsNone ? ['--lib', '--test', 'addon'] : [])];
  if (words.length === 0 && runShown('cargo', rust, env) !== 0) {
    failed.push('cargo test');
    console.log('cargo test FAILED: this run fails, whatever the Node tests below say');
  }
  const files = testFiles(words).filter((file) => !needsNone || withoutServer(file));
  if (files.length === 0) {
    throw new Error(`no test file in __test__ has a name with: ${words.join(', ')}`);
  }
  if (files.some(withBrowser)) {
    await ensureChromium((line) => console.log(line));
  }
  if (runShown(process.execPath, ['--test', ...runnerOptions(), ...files], env) !== 0) {
    failed.push('node --test');
  }
  process.exitCode = failed.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
