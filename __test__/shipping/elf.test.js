'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');

const { thisPlatform } = require('../../lib/binding/platform.js');
const { binaryProblems, readBinary } = require('../../scripts/elf.js');
const { LINUX } = require('../../scripts/linux-platforms.js');

const HERE = thisPlatform().id;
const BINARY = path.join(__dirname, '..', '..', `node-red-storage-valkey.${HERE}.node`);
const skip = HERE !== 'linux-x64-gnu' && 'the binary of linux-x64-gnu is needed';

const platform = (id) => LINUX.find((one) => one.id === id);

test('a binary that asks for more than its platform has is found out', { skip }, async () => {
  const { machine, libraries, glibc } = await readBinary(BINARY);
  assert.equal(machine, 'X86-64');
  assert.ok(libraries.includes('libc.so.6'));
  assert.match(glibc, /^2\.\d+$/);

  const local = { ...platform('linux-x64-gnu'), glibc, libraries: /./ };
  assert.deepEqual(await binaryProblems(BINARY, local), []);
  assert.deepEqual(await binaryProblems(BINARY, { ...local, glibc: '2.2' }), [`it needs glibc ${glibc}`]);
  assert.deepEqual(await binaryProblems(BINARY, { ...local, machine: 'AArch64' }), ['it is for X86-64']);
  const onMusl = (await binaryProblems(BINARY, platform('linux-x64-musl'))).join('\n');
  assert.match(onMusl, /it needs .*libc\.so\.6/);
  assert.match(onMusl, /it needs glibc/);
});
