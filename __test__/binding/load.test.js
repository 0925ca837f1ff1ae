'use strict';

// What an operator reads when no binary of the addon loads.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { checkOptions } = require('../../lib/binding/core.js');
const { PREBUILT, platformWords, thisPlatform } = require('../../lib/binding/platform.js');
const { startNodeRed, raw } = require('../support/node-red.js');
const { tempDir } = require('../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..');
const { name: NAME, version: VERSION } = require('../../package.json');

const HERE = thisPlatform();
/** A user without rights, on every Unix. */
const NOBODY = 65534;
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

/** Puts the package of a platform beside it, with this as the binary; returns the binary's file. */
function addPackage(folder, id, content, description = {}) {
  const beside = path.join(folder, '..', `${NAME}-${id}`);
  const manifest = { name: `${NAME}-${id}`, version: VERSION, main: `${NAME}.${id}.node`, ...description };
  const binary = path.join(beside, manifest.main);
  fs.mkdirSync(beside);
  fs.writeFileSync(path.join(beside, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(binary, content);
  return binary;
}

/** What requiring it throws; `before` is run first, in the same process. */
function failure(folder, before = '') {
  const program = `${before};
    try { require(${JSON.stringify(folder)}); } catch (error) {
      console.log(JSON.stringify({ code: error.code, message: error.message }));
    }`;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NAPI_RS_')));
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', env });
  assert.equal(signal, null);
  assert.equal(stderr, '');
  assert.ok(stdout, 'requiring it failed');
  return JSON.parse(stdout);
}

test('the binary of this checkout loads, and answers', () => {
  assert.ok(checkOptions(JSON.stringify({ role: 'admin' })));
  assert.throws(() => checkOptions(JSON.stringify({ role: 'boss' })), { code: 'ERR_VALKEY_OPTION', message: /role/ });
});

test('without a binary, the error tells the platform, what was looked for and what to do', () => {
  const { code, message } = failure(installWithoutBinary());
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.ok(message.includes(`loads on ${platformWords()}, Node.js ${process.versions.node}`), message);
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

test('a binary whose end is missing is told, and not loaded', () => {
  const folder = installWithoutBinary();
  const whole = path.join(ROOT, `${NAME}.${HERE.id}.node`);
  const begin = Buffer.alloc(1 << 20);
  const file = fs.openSync(whole, 'r');
  fs.readSync(file, begin, 0, begin.length, 0);
  fs.closeSync(file);
  const { size } = fs.statSync(whole);
  const binary = addPackage(folder, HERE.id, begin, { binarySize: size });
  const { code, message } = failure(folder);
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.ok(message.includes(`${binary}: has ${begin.length} of its ${size} bytes`), message);
  assert.match(message, /a copy that broke off, or a full disk: delete node_modules and install again/);
});

test('a package whose description is broken is told so', () => {
  for (const text of ['', '{"name":']) {
    const folder = installWithoutBinary();
    const file = path.join(path.dirname(addPackage(folder, HERE.id, '')), 'package.json');
    fs.writeFileSync(file, text);
    const { code, message } = failure(folder);
    assert.equal(code, 'ERR_VALKEY_BINARY');
    assert.ok(message.includes(`${file}: `), message);
    assert.match(message, /a copy that broke off, or a full disk/);
    assert.doesNotMatch(message, /include=optional/);
  }
});

test('a package of another version is told, and not loaded', () => {
  const folder = installWithoutBinary();
  addPackage(folder, HERE.id, 'process.abort()', { main: 'other.js', version: '0.0.1' });
  const { code, message } = failure(folder);
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.ok(message.includes(`${NAME}-${HERE.id} has version 0.0.1, not ${VERSION}`), message);
  assert.match(message, /belong together by their version: delete node_modules and install again/);
});

test('a package that has lost its binary is told so', () => {
  const folder = installWithoutBinary();
  const binary = addPackage(folder, HERE.id, '');
  fs.rmSync(binary);
  const { code, message } = failure(folder);
  assert.equal(code, 'ERR_VALKEY_BINARY');
  assert.ok(message.includes(`${binary}: not there, but the rest of its package is`), message);
  assert.match(message, /something has taken the file out of its package/);
  assert.doesNotMatch(message, /include=optional|damaged/);
});

test('a package that this user may not read is told so', { skip: !process.getuid && 'no modes' }, () => {
  // Root may read everything.
  const before = process.getuid() === 0 ? `process.setgid(${NOBODY}); process.setuid(${NOBODY})` : '';
  for (const name of ['package.json', `${NAME}.${HERE.id}.node`]) {
    const folder = installWithoutBinary();
    fs.chmodSync(path.join(folder, '..', '..'), 0o755);
    const file = path.join(path.dirname(addPackage(folder, HERE.id, '')), name);
    fs.chmodSync(file, 0);
    const { code, message } = failure(folder, before);
    assert.equal(code, 'ERR_VALKEY_BINARY');
    assert.match(message, /EACCES: permission denied/);
    assert.ok(message.includes(file), message);
    assert.match(message, /the user of this process \(uid \d+\) may not read the file: correct its owner or its mode/);
    assert.doesNotMatch(message, /damaged|install again/);
  }
});

test('a volume that nothing may be executed on is told so', () => {
  const folder = installWithoutBinary();
  const words = '/v/x.node: failed to map segment from shared object';
  addPackage(folder, HERE.id, `throw new Error(${JSON.stringify(words)})`, { main: 'noexec.js' });
  const { message } = failure(folder);
  assert.ok(message.includes(words), message);
  assert.match(message, /mounted with noexec/);
  assert.doesNotMatch(message, /damaged/);
});

test('a system that is older than the binary is told so', () => {
  const folder = installWithoutBinary();
  const words = "/lib/libc.so.6: version `GLIBC_2.17' not found (required by x.node)";
  addPackage(folder, HERE.id, `throw new Error(${JSON.stringify(words)})`, { main: 'old.js' });
  const { message } = failure(folder);
  assert.ok(message.includes(words), message);
  assert.match(message, /older than the binary: use a newer system or image/);
});

test('a platform without a prebuilt binary is told so', () => {
  const { code, message } = failure(
    installWithoutBinary(),
    "Object.defineProperty(process, 'arch', { value: 'riscv64' })"
  );
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

test(
  'the package for the C library of the process is used, whatever the system has',
  { skip: process.platform !== 'linux' && 'Linux only' },
  () => {
    const folder = installWithoutBinary();
    const other = HERE.id.replace(...(HERE.id.includes('musl') ? ['musl', 'gnu'] : ['gnu', 'musl']));
    // The generated loader believes this file.
    const ldd = `
    const fs = require('node:fs'); const { readFileSync } = fs;
    fs.readFileSync = (file, ...rest) => file === '/usr/bin/ldd' ? '${other}' : readFileSync(file, ...rest)`;
    addPackage(folder, other, 'process.abort()', { main: 'other.js' });
    const { message } = failure(folder, ldd);
    assert.ok(message.includes(`${NAME}-${HERE.id}: not there`), message);
    assert.ok(message.includes(`installed is the one for ${other}:`), message);
    assert.doesNotMatch(message, /damaged/);

    const binary = fs.readFileSync(path.join(ROOT, `${NAME}.${HERE.id}.node`));
    addPackage(folder, HERE.id, binary, { binarySize: binary.length });
    const program = `${ldd}; console.log(typeof require(${JSON.stringify(folder)}).init)`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'function', stderr);
  }
);

test(
  'the C library is known as well where the files of the process are not shown',
  { skip: process.platform !== 'linux' && 'Linux only' },
  () => {
    const program = `
    const fs = require('node:fs'); const { readFileSync } = fs;
    fs.readFileSync = (file, ...rest) => { if (file === '/proc/self/maps') throw new Error('no /proc'); return readFileSync(file, ...rest) };
    console.log(require(${JSON.stringify(path.join(ROOT, 'lib', 'binding', 'platform.js'))}).thisPlatform().id)`;
    assert.equal(spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' }).stdout.trim(), HERE.id);
  }
);

test('a file that the environment names is taken, or told', () => {
  const folder = installWithoutBinary();
  addPackage(folder, HERE.id, '');
  const file = path.join(tempDir('named'), 'x.node');
  fs.writeFileSync(file, 'not a binary');
  const { message } = failure(folder, `process.env.NAPI_RS_NATIVE_LIBRARY_PATH = ${JSON.stringify(file)}`);
  assert.ok(message.includes(file), message);
  assert.match(message, /NAPI_RS_NATIVE_LIBRARY_PATH is set: correct or unset it/);
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
