'use strict';

// What an operator reads when no binary of the addon loads.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { checkOptions } = require('../lib/core.js');
const { PREBUILT, thisPlatform } = require('../lib/platform.js');
const { startNodeRed, raw } = require('./support/node-red.js');
const { tempDir } = require('./support/temp-dir.js');

const ROOT = path.join(__dirname, '..');
const NAME = 'node-red-storage-valkey';
const HERE = thisPlatform();
const OTHER = PREBUILT.find((id) => id.startsWith('darwin') !== HERE.id.startsWith('darwin'));

/** A folder with this module installed in it, but without its binary; returns the module's folder. */
function installWithoutBinary() {
  const folder = path.join(tempDir('binary'), 'node_modules', NAME);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['index.js', 'lib', 'binding.js', 'package.json']) {
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

/** Puts the package of a platform beside it, with this as the binary. */
function addPackage(folder, id, content, main = `${NAME}.${id}.node`) {
  const beside = path.join(folder, '..', `${NAME}-${id}`);
  fs.mkdirSync(beside);
  fs.writeFileSync(path.join(beside, 'package.json'), JSON.stringify({ name: `${NAME}-${id}`, version: '1.0.0', main }));
  fs.writeFileSync(path.join(beside, main), content);
}

/** What requiring it throws; `before` is run first, in the same process. */
function failure(folder, before = '') {
  const program = `${before};
    try { require(${JSON.stringify(folder)}); } catch (error) {
      console.log(JSON.stringify({ code: error.code, message: error.message }));
    }`;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NAPI_RS_')));
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env });
  assert.equal(stderr, '');
  assert.ok(stdout, 'requiring it failed');
  return JSON.parse(stdout);
}

test('the binary of this checkout loads, and answers', () => {
  assert.ok(JSON.parse(checkOptions(JSON.stringify({ role: 'admin' }))));
  assert.throws(() => checkOptions(JSON.stringify({ role: 'boss' })), { code: 'ERR_VALKEY_OPTION', message: /role/ });
});

test('without a binary, the error tells the platform, what was looked for and what to do', () => {
  const { code, message } = failure(installWithoutBinary());
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.ok(message.includes(`loads on ${HERE.words}, Node.js ${process.versions.node}`), message);
  assert.ok(message.includes(`${NAME}.${HERE.id}.node: not there`), message);
  assert.ok(message.includes(`${NAME}-${HERE.id}: not there`), message);
  assert.match(message, /npm install --include=optional/);
  assert.match(message, new RegExp(`supportedArchitectures.* os ${process.platform}, cpu ${process.arch}`));
  assert.doesNotMatch(message, /wasi|npm has a bug|Require stack/i);
});

test('node_modules of another platform are recognised', () => {
  const folder = installWithoutBinary();
  addPackage(folder, OTHER, '');
  const { message } = failure(folder);
  assert.ok(message.includes(`installed is the one for ${OTHER}:`), message);
  assert.match(message, /Delete node_modules and install here/);
});

test('a binary that does not load is told with the error of the system', () => {
  const folder = installWithoutBinary();
  addPackage(folder, HERE.id, 'not a binary');
  const { code, message } = failure(folder);
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.match(message, /Looked for:[^]*(too short|invalid ELF|Exec format|not a valid|mach-o)[^]*What to do:/);
  assert.match(message, /a damaged or foreign file/);
  assert.doesNotMatch(message, /include=optional/);
});

test('a system that is older than the binary is told so', () => {
  const folder = installWithoutBinary();
  const words = "/lib/libc.so.6: version `GLIBC_2.17' not found (required by x.node)";
  addPackage(folder, HERE.id, `throw new Error(${JSON.stringify(words)})`, 'old.js');
  const { message } = failure(folder);
  assert.ok(message.includes(words), message);
  assert.match(message, /older than the binary: use a newer system or image/);
});

test('a platform without a prebuilt binary is told so', () => {
  const { code, message } = failure(installWithoutBinary(), "Object.defineProperty(process, 'arch', { value: 'riscv64' })");
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.match(message, /loads on \w+ riscv64/);
  assert.match(message, /there is no prebuilt binary for this platform, only for linux-x64-gnu, /);
  assert.match(message, /build from source/);
});

test('a checkout that nobody has built is told so', () => {
  const folder = installWithoutBinary();
  fs.rmSync(path.join(folder, 'binding.js'));
  const { code, message } = failure(folder);
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.match(message, /npm run build/);
});

test('the package for the C library of the process is used, whatever the system has', { skip: process.platform !== 'linux' && 'Linux only' }, () => {
  const folder = installWithoutBinary();
  const other = HERE.id.includes('musl') ? 'gnu' : 'musl';
  // The generated loader believes this file.
  const ldd = `
    const fs = require('node:fs'); const { readFileSync } = fs;
    fs.readFileSync = (file, ...rest) => file === '/usr/bin/ldd' ? '${other}' : readFileSync(file, ...rest)`;
  const { message } = failure(folder, ldd);
  assert.ok(message.includes(`${NAME}-linux-${process.arch}-${other}`), message);
  assert.ok(message.includes(`${NAME}-${HERE.id}: not there`), message);

  addPackage(folder, HERE.id, fs.readFileSync(path.join(ROOT, `${NAME}.${HERE.id}.node`)));
  const program = `${ldd}; console.log(typeof require(${JSON.stringify(folder)}).init)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  assert.equal(stdout.trim(), 'function', stderr);
});

test('Node-RED shows the error and does not start', async () => {
  const folder = installWithoutBinary();
  const instance = await startNodeRed({
    role: 'admin',
    wait: false,
    settings: { storageModule: raw(`require(${JSON.stringify(folder)})`) }
  });
  await instance.waitUntilEnded(60_000);
  await instance.waitForLog(/Error loading settings file[^]*ERR_VALKEY_BINARY/, 60_000);
  assert.match(instance.logs, /What to do:/);
});
