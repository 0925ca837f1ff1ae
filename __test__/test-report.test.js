'use strict';

// What `npm test` says of failures at the end of a run.

const { test } = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { FAILED_BEFORE } = require('../scripts/test-report.js');
const { tempDir } = require('./support/temp-dir.js');

const REPORTER = path.join(__dirname, '..', 'scripts', 'test-report.js');
const HEADER = "const { test, describe } = require('node:test');";

/** The lines from the plan's neighbourhood on, of a run of these files. */
function endOfRun(files, env = {}) {
  const dir = tempDir('report');
  const paths = Object.entries(files).map(([name, source]) => {
    fs.writeFileSync(path.join(dir, name), `${HEADER}\n${source}`);
    return path.join(dir, name);
  });
  // What the run that this test is part of was told is none of this one's.
  const { NODE_TEST_CONTEXT: _, [FAILED_BEFORE]: _before, ...outer } = process.env;
  const { stdout } = spawnSync(process.execPath, ['--test', `--test-reporter=${REPORTER}`, ...paths], {
    encoding: 'utf8',
    env: { ...outer, ...env }
  });
  const lines = stdout.trimEnd().split('\n');
  const plan = lines.findLastIndex((line) => /^1\.\.\d+$/.test(line));
  assert.notEqual(plan, -1, stdout);
  return { failed: lines.filter((line) => line.startsWith('# failed: ')), lines, plan };
}

test('what failed is named once more right before the totals, wherever it stands', () => {
  const { failed, lines, plan } = endOfRun(
    {
      'one.test.js': "test('holds', () => {});\ntest('breaks', () => { throw new Error('so'); });",
      'two.test.js': "describe('a group', () => { test('inner', () => { throw new Error('so'); }); });",
      'three.test.js': 'process.exitCode = 3;'
    },
    { [FAILED_BEFORE]: 'cargo test: core::one\ncargo test: core::two' }
  );
  const ends = ['core::one', 'core::two', 'one.test.js: breaks', 'two.test.js: inner', 'three.test.js'];
  assert.deepEqual(
    ends.map((end) => failed.filter((line) => line.endsWith(end)).length),
    ends.map(() => 1),
    failed.join('\n')
  );
  assert.equal(failed.length, ends.length, failed.join('\n'));
  assert.deepEqual(lines.slice(plan - failed.length, plan), failed);
  assert.ok(
    lines.slice(plan).some((line) => /^# fail 3$/.test(line)),
    lines.slice(plan).join('\n')
  );
});

test('of a run without a failure nothing is named', () => {
  const { failed, lines, plan } = endOfRun({ 'one.test.js': "test('holds', () => {});" });
  assert.deepEqual(failed, []);
  assert.ok(lines.slice(plan).includes('# fail 0'));
});
