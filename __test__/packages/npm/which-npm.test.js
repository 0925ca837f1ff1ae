'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { test } = require('node:test');
const { npmCommand } = require('../../../lib/packages/npm/which-npm');

const RED = process.env.TEST_NODE_RED || 'node-red';

test('without Node-RED it is the npm on PATH', () => {
  assert.deepEqual(npmCommand().args, []);
  assert.match(npmCommand().program, /^npm(\.cmd)?$/);
});

test('with Node-RED it is the npm that Node-RED runs', () => {
  const version = require(RED).version();
  const [major, minor] = version.split('.').map(Number);
  const { program, args } = npmCommand();
  if (major > 4 || (major === 4 && minor >= 1)) {
    assert.equal(program, process.execPath);
    assert.match(args[0], /npm-cli\.js$/);
  } else {
    assert.deepEqual(args, []);
  }
  const shown = execFileSync(program, [...args, '--version'], { encoding: 'utf8', shell: program.endsWith('.cmd') });
  assert.match(shown, /^\d+\.\d+/);
});
