'use strict';

// Each row of `npm run bench` still runs. Its figures are another matter: they need a quiet machine.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const rows = require('../bench/rows');

const RUNNER = path.join(__dirname, '..', 'bench', 'run.js');

/** What the runner prints; whether a row failed is in there. */
function runShort() {
  return new Promise((resolve) => {
    const args = [RUNNER, '--short', '--json'];
    execFile(process.execPath, args, { maxBuffer: 16 << 20, timeout: 170_000 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr })
    );
  });
}

test('each row of the benchmark runs', { timeout: 180_000 }, async () => {
  const { stdout, stderr } = await runShort();
  assert.ok(stdout.startsWith('{'), `the runner printed no results: ${stderr}`);
  const { results } = JSON.parse(stdout);
  assert.deepEqual(
    results.filter(({ failure }) => failure).map(({ name, failure }) => `${name}: ${failure}`),
    [],
    stderr
  );
  assert.deepEqual(
    results.map(({ name }) => name),
    rows.map(({ name }) => name)
  );
  for (const { name, lines } of results) {
    assert.ok(lines.length > 0, `${name} has no line`);
    for (const { what, medians } of lines) {
      assert.ok(Number.isFinite(medians.valkey), `${name}: no figure for '${what}'`);
    }
  }
});
