'use strict';

// `npm run test:faults`: the fault suite with its full counts, then a search for secrets in
// everything that it printed and logged.
//
//   npm run test:faults                      everything, about half an hour
//   npm run test:faults -- torn lost         the files whose name contains one of the words
//   FAULT_SEED=<number> npm run test:faults  the random choices of an earlier run
//   FAULT_SCALE=0.1 npm run test:faults      a tenth of the counts

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ROOT, runShown, ensureInstalled, ensureBuilt } = require('./prepare.js');
const { findServer } = require('./valkey-server.js');
const { MARK } = require('../__test__/faults/support/secrets.js');

const CASES = 1_000_000;

/** Runs the Node tests, one file after the other, and keeps what they print. */
function runTests(files, env) {
  const runner = spawn(process.execPath, ['--test', '--test-reporter=tap', ...concurrency(), ...files], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let output = '';
  for (const stream of ['stdout', 'stderr']) {
    runner[stream].setEncoding('utf8');
    runner[stream].on('data', (text) => {
      output += text;
      process[stream].write(text);
    });
  }
  return new Promise((resolve, reject) => {
    runner.once('error', reject);
    runner.once('close', (code) => resolve({ failed: code !== 0, output }));
  });
}

/** Files measure times and memory: none beside another, where this Node can be told so. */
function concurrency() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const known = major > 20 || (major === 20 && minor >= 10) || (major === 18 && minor >= 19);
  return known ? ['--test-concurrency=1'] : [];
}

/** Names of the logs that hold a secret. */
function logsWithSecrets(dir) {
  return fs.readdirSync(dir).filter((name) => fs.readFileSync(path.join(dir, name), 'utf8').includes(MARK));
}

async function main(words) {
  ensureInstalled();
  ensureBuilt();
  const server = await findServer({ preferValkey: true, note: (line) => console.log(line) });
  const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'fault-logs-'));
  const env = { ...process.env, VALKEY_SERVER: server.path, FAULTS: 'full', FAULT_LOGS: logs };
  const folder = path.join('__test__', 'faults');
  const files = fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.test.js') && (words.length === 0 || words.some((word) => name.includes(word))))
    .map((name) => path.join(folder, name));
  if (files.length === 0) {
    throw new Error(`no fault test has a name with: ${words.join(', ')}`);
  }
  try {
    const problems = [];
    if (words.length === 0) {
      const cases = { ...process.env, FAULT_CASES: process.env.FAULT_CASES || String(CASES) };
      const tests = ['test', '--release', '--test', 'million_cases', '--', '--nocapture', '--test-threads=1'];
      if (runShown('cargo', tests, cases) !== 0) {
        problems.push('random cases');
      }
    }
    const { failed, output } = await runTests(files, env);
    if (failed) {
      problems.push('fault tests');
    }
    const found = logsWithSecrets(logs);
    if (output.includes(MARK)) {
      found.push('the output of the tests');
    }
    console.log(
      `${fs.readdirSync(logs).length} logs searched for secrets: ${found.length === 0 ? 'none found' : found.join(', ')}`
    );
    if (found.length > 0) {
      problems.push('secrets');
    }
    if (problems.length > 0) {
      console.log(`FAILED: ${problems.join(', ')}`);
      process.exitCode = 1;
    }
  } finally {
    fs.rmSync(logs, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
