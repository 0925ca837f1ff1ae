'use strict';

// What a release relies on and nobody looks at between two of them.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { PREBUILT } = require('../../lib/binding/platform.js');
const { versionProblems } = require('../../scripts/check-version.js');
const { releaseNotes } = require('../../scripts/release-notes.js');
const { npmTool } = require('../../scripts/npm-tools.js');
const { testFiles } = require('../../scripts/test-files.js');

const ROOT = path.join(__dirname, '..', '..');
const WORKFLOWS = path.join('.github', 'workflows');
/** Machines that the linter has not heard of yet. */
const NEW_MACHINES = ['windows-11-arm'];

const { scripts, version } = require('../../package.json');

const workflows = fs.readdirSync(path.join(ROOT, WORKFLOWS)).map((name) => {
  const file = path.join(WORKFLOWS, name);
  return { file, text: fs.readFileSync(path.join(ROOT, file), 'utf8') };
});

test('every file tells the same version', () => {
  assert.deepEqual(versionProblems(), []);
});

test('a tag of another version is refused', () => {
  const problems = versionProblems('v999.0.0');
  // Four files, the platforms' manifests, and the changelog.
  assert.equal(problems.length, 4 + PREBUILT.length + 1, problems.join('\n'));
  for (const file of ['package.json', 'npm/linux-x64-gnu/package.json']) {
    assert.ok(problems.includes(`${file} has version ${version}, not 999.0.0`), problems.join('\n'));
  }
});

test('a release tells what the changelog says of it', () => {
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n## [2.0.0] - 2026-01-02\n\n### Added\n\n- More.\n\n## [1.0.0] - 2025-01-02\n\n- Some.\n';
  assert.equal(releaseNotes('2.0.0', changelog), '### Added\n\n- More.\n');
  assert.equal(releaseNotes('1.0.0', changelog), '- Some.\n');
  assert.throws(() => releaseNotes('3.0.0', changelog), /no heading for 3\.0\.0/);
  assert.ok(releaseNotes(version).length > 0);
});

function lint(linter, text, file) {
  const args = [path.join(__dirname, 'support', 'lint-workflow.js'), linter, file];
  return JSON.parse(execFileSync(process.execPath, args, { input: text, encoding: 'utf8', timeout: 60_000 }));
}

test('the workflows are valid', async () => {
  const linter = await npmTool('workflow-lint');
  for (const { file, text } of workflows) {
    const found = lint(linter, text, file).filter(
      ({ kind, message }) =>
        kind !== 'runner-label' || !NEW_MACHINES.some((name) => message.includes(`label "${name}"`))
    );
    assert.deepEqual(
      found.map(({ line, message }) => `${file}:${line} ${message}`),
      []
    );
  }
});

test('the workflows call nothing that is not there', () => {
  for (const { file, text } of workflows) {
    const called = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name);
    const files = [...text.matchAll(/(?:^|\s)((?:scripts|__test__)\/[\w./-]+|\.ci\/run)/g)].map(([, name]) => name);
    assert.ok(called.length + files.length > 0, file);
    assert.deepEqual(
      called.filter((name) => !scripts[name]),
      [],
      file
    );
    assert.deepEqual(
      files.filter((name) => !fs.existsSync(path.join(ROOT, name))),
      [],
      file
    );
  }
});

test('every word with which a workflow chooses tests finds some', () => {
  const [, block] = workflows.map(({ text }) => /^ {2}SYSTEM_TESTS: >-\n((?: {4}.*\n)+)/m.exec(text)).find(Boolean);
  const words = block.trim().split(/\s+/);
  assert.deepEqual(
    words.filter((word) => testFiles([word]).length === 0),
    []
  );
});
