'use strict';

// The command line: its arguments, its help, where it takes the server from. The commands have tests of their own.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { runCli } = require('../../lib/cli');
const { tempDir } = require('../support/temp-dir.js');
const { collected } = require('./support/collected.js');

const ROOT = path.join(__dirname, '..', '..');
const { bin, version } = require('../../package.json');

/** A folder with one command, which prints what it is run with. */
function folderWith(run) {
  const folder = tempDir('commands');
  fs.writeFileSync(
    path.join(folder, 'echo.js'),
    `module.exports = {
       summary: 'prints', usage: '[--loud] [word …]', connects: true,
       options: { loud: { type: 'boolean', description: 'louder' }, as: { type: 'string', placeholder: 'NAME', description: 'who' } },
       run: ${run}
     };`
  );
  return folder;
}

async function run(args, { run: body = '() => 0', env = {} } = {}) {
  const stdout = collected();
  const stderr = collected();
  const code = await runCli({ args, env, stdout, stderr, folder: folderWith(body) });
  return { code, out: stdout.text(), err: stderr.text() };
}

test('the executable of the package runs, and ends by itself', () => {
  const file = path.join(ROOT, bin['node-red-storage-valkey']);
  const told = (...args) => spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
  assert.equal(told('--version').stdout, `${version}\n`);
  const { status, stdout } = told('help');
  assert.equal(status, 0);
  assert.match(stdout, /^usage: node-red-storage-valkey <command>/);
  const lost = told('nothing-of-ours');
  assert.equal(lost.status, 2);
  assert.match(lost.stderr, /no command 'nothing-of-ours'/);
});

test('every command has what the help prints, and its help fits its options', async () => {
  for (const file of fs.readdirSync(path.join(ROOT, 'lib', 'cli', 'commands'))) {
    const name = path.basename(file, '.js');
    const stdout = collected();
    assert.equal(await runCli({ args: [name, '--help'], env: {}, stdout, stderr: collected() }), 0);
    const command = require(path.join(ROOT, 'lib', 'cli', 'commands', file));
    assert.ok(stdout.text().includes(command.summary));
    for (const option of Object.keys(command.options)) {
      assert.ok(stdout.text().includes(`--${option}`), option);
    }
  }
});

test('without a command the usage is printed, and nothing is known', async () => {
  const { code, out } = await run([]);
  assert.equal(code, 2);
  assert.match(out, /echo {2,}prints/);
});

test('a command gets its options, and its exit code counts', async () => {
  const body = '({ values, args, out }) => { out(JSON.stringify([values, args])); return 1; }';
  const { code, out } = await run(['echo', '--loud', '--as', 'x', 'one', 'two'], { run: body });
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(out), [{ loud: true, as: 'x' }, ['one', 'two']]);
});

test('an option that is not known is named, with exit code 2', async () => {
  const { code, err } = await run(['echo', '--lowd']);
  assert.equal(code, 2);
  assert.match(err, /ERR_VALKEY_OPTION: .*--lowd/);
});

test('an error is one line, and nothing in it reaches the terminal as a command', async () => {
  const { code, err } = await run(['echo'], {
    run: "() => { throw Object.assign(new Error('a\\u001b[2Jb\\u009bc\\u202ed'), { code: 'ERR_VALKEY_OPTION' }); }"
  });
  assert.equal(code, 2);
  assert.equal(err, 'ERR_VALKEY_OPTION: a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\n');
});

test('where nobody reads the output any more, the command is told to end', async () => {
  const stdout = collected();
  const body = `({ interrupted }) => new Promise((resolve) => interrupted.addEventListener('abort', () => resolve(0)))`;
  const running = runCli({ args: ['echo'], env: {}, stdout, stderr: collected(), folder: folderWith(body) });
  stdout.destroy(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
  assert.equal(await running, 0);
});

/** What a command is told of the server. */
async function optionsOf(args, env) {
  const body = '({ coreOptions, out }) => { out(coreOptions().text); return 0; }';
  const { code, out, err } = await run(['echo', ...args], { run: body, env });
  return code === 0 ? JSON.parse(out) : err;
}

test('the server comes from the command line, else from the environment', async () => {
  const { url, keyPrefix, role } = await optionsOf(['--url', 'redis://a:1', '--prefix', 'p:'], {
    VALKEY_URL: 'redis://b'
  });
  assert.deepEqual({ url, keyPrefix, role }, { url: 'redis://a:1', keyPrefix: 'p:', role: 'worker' });
  const env = { VALKEY_URL: 'redis://b', VALKEY_PREFIX: 'q:', VALKEY_USERNAME: 'u', VALKEY_PASSWORD: 's' };
  const ofEnvironment = await optionsOf([], env);
  assert.deepEqual(
    [ofEnvironment.url, ofEnvironment.keyPrefix, ofEnvironment.username, ofEnvironment.password],
    ['redis://b', 'q:', 'u', 's']
  );
  assert.match(await optionsOf([], {}), /--settings or --url/);
  assert.match(await optionsOf(['--url', 'redis://a', '--settings', 'x'], {}), /give one of them/);
});

test('the server comes from a settings.js, whatever the environment says of another', async () => {
  const file = path.join(tempDir('settings'), 'settings.js');
  fs.writeFileSync(file, "module.exports = { valkey: { role: 'admin', host: 'h', keyPrefix: 'k:' } };");
  const told = await optionsOf(['--settings', file], { VALKEY_URL: 'redis://b', VALKEY_PREFIX: 'q:' });
  assert.deepEqual([told.role, told.host, told.keyPrefix, told.url], ['admin', 'h', 'k:', undefined]);
  assert.equal((await optionsOf([], { VALKEY_SETTINGS: file })).host, 'h');
  assert.equal((await optionsOf(['--settings', file, '--prefix', 'p:'], {})).keyPrefix, 'p:');
  fs.writeFileSync(file.replace('.js', '2.js'), 'module.exports = {};');
  assert.match(await optionsOf(['--settings', file.replace('.js', '2.js')], {}), /has no object 'valkey'/);
  assert.match(await optionsOf(['--settings', 'missing.js'], {}), /missing\.js can't be loaded/);
});
