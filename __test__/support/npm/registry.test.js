'use strict';

// The package server of the tests does what npm expects of a registry, and what was run is seen.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { NPM, npmChanges, npmEnvironment, npmRuns } = require('./runs.js');
const { spawnOwned } = require('../own-processes.js');
const kinds = require('./kinds.js');
const { startPackageServer } = require('./registry.js');
const { tempDir } = require('../temp-dir.js');
const { until } = require('../wait.js');
const DEADLINE = 60_000;

let registry;

before(async () => {
  registry = await startPackageServer();
});

after(() => registry?.close());

/** A folder whose npm asks the package server. */
function folder() {
  const dir = tempDir('npm');
  fs.writeFileSync(path.join(dir, 'package.json'), '{"private":true}');
  registry.npmrc(dir);
  return dir;
}

/** Starts npm; `done` resolves with `{ status, text }`. */
function npm(dir, ...args) {
  const child = spawnOwned(process.execPath, [NPM, ...args], {
    cwd: dir,
    env: { ...process.env, ...npmEnvironment() },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.ref?.();
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  child.ref();
  const done = new Promise((resolve) => child.on('close', (status) => resolve({ status, text })));
  return { child, done };
}

async function install(dir, ...wanted) {
  const { status, text } = await npm(dir, 'install', '--save-exact', '--', ...wanted).done;
  assert.equal(status, 0, text);
}

const manifest = (dir, name) =>
  JSON.parse(fs.readFileSync(path.join(dir, 'node_modules', name, 'package.json'), 'utf8'));

test('npm installs plain and scoped packages, exact versions and the latest, and what they need', async () => {
  registry.publish(kinds.library('needed', '2.1.0'));
  registry.publish(kinds.answering('plain', '1.0.0', { dependencies: { needed: '^2.0.0' } }));
  registry.publish(kinds.answering('@scope/scoped', '1.0.0'));
  registry.publish(kinds.answering('@scope/scoped', '1.1.0'));
  const dir = folder();
  await install(dir, 'plain', '@scope/scoped@1.0.0');
  assert.equal(manifest(dir, 'needed').version, '2.1.0');
  assert.equal(manifest(dir, '@scope/scoped').version, '1.0.0');
  assert.deepEqual(manifest(dir, 'plain')['node-red'], { nodes: { plain: 'plain.js' } });
  assert.ok(fs.existsSync(path.join(dir, 'node_modules', 'plain', 'plain.html')));
  assert.equal(registry.count('tarball', '@scope/scoped'), 1);
  await install(dir, '@scope/scoped@latest');
  assert.equal(manifest(dir, '@scope/scoped').version, '1.1.0');
});

test('npm reports a package and a version that are not there', async () => {
  registry.publish(kinds.library('single', '1.0.0'));
  const dir = folder();
  const unknown = await npm(dir, 'install', '--', 'not-published').done;
  assert.match(unknown.text, /E404/);
  const version = await npm(dir, 'install', '--', 'single@1.0.1').done;
  assert.match(version.text, /ETARGET/);
  registry.publish(kinds.library('single', '1.0.1'));
  await install(dir, 'single@1.0.1');
  registry.unpublish('single');
  assert.match((await npm(folder(), 'install', '--', 'single').done).text, /E404/);
});

test('npm runs install scripts: one that fails, one that waits, one with an addon', async () => {
  registry.publish(kinds.failingScript('failing', '1.0.0', 'words of the script'));
  const dir = folder();
  const failed = await npm(dir, 'install', '--', 'failing').done;
  assert.notEqual(failed.status, 0);
  assert.match(failed.text, /words of the script/);

  const gate = registry.gate('waiting');
  registry.publish(kinds.waitingScript('waiting', '1.0.0', gate));
  const waiting = npm(dir, 'install', '--', 'waiting');
  await gate.arrived;
  assert.equal(waiting.child.exitCode, null);
  gate.open();
  assert.equal((await waiting.done).status, 0);

  registry.publish(kinds.markingScript('marking', '1.0.0'));
  registry.publish(kinds.nativeAddon('native', '1.0.0'));
  await install(dir, 'marking', 'native');
  assert.ok(fs.existsSync(path.join(dir, 'node_modules', 'marking', 'ran')));
  require(path.join(dir, 'node_modules', 'native', 'native.node'));

  const without = folder();
  await npm(without, 'install', '--ignore-scripts', '--', 'marking').done;
  assert.equal(fs.existsSync(path.join(without, 'node_modules', 'marking', 'ran')), false);
});

test('answers are held back and refused as told', async () => {
  registry.publish(kinds.library('held', '1.0.0'));
  const dir = folder();
  const release = registry.slow('held', undefined, { kind: 'tarball' });
  const run = npm(dir, 'install', '--', 'held');
  await until(() => registry.count('tarball', 'held') === 1, {
    deadline: DEADLINE,
    message: 'question for the tarball'
  });
  assert.equal(run.child.exitCode, null);
  release();
  assert.equal((await run.done).status, 0);

  registry.slow('held', 300);
  const began = performance.now();
  await install(folder(), 'held');
  assert.ok(performance.now() - began >= 600);

  const heal = registry.failing('*');
  assert.match((await npm(folder(), 'install', '--', 'held').done).text, /E503|503/);
  heal();
  await install(folder(), 'held');
});

test('each run of npm is seen with its arguments, in its own folder alone', async () => {
  registry.publish(kinds.library('seen', '1.0.0'));
  const dir = folder();
  const other = folder();
  assert.deepEqual(npmRuns(dir), []);
  const began = Date.now();
  await install(dir, 'seen@1.0.0');
  await npm(dir, 'ls').done;
  await npm(dir, 'uninstall', 'seen').done;
  assert.deepEqual(
    npmRuns(dir).map(({ command }) => command),
    ['install', 'ls', 'uninstall']
  );
  const [first, last] = npmChanges(dir);
  assert.deepEqual(first.argv.slice(-1), ['seen@1.0.0']);
  assert.ok(first.began >= began - 1000 && first.ended >= first.began && first.ended <= last.ended);
  assert.deepEqual(npmRuns(other), []);
});

test('npm that is killed while it runs is seen, too', async () => {
  registry.publish(kinds.library('cut-off', '1.0.0'));
  registry.slow('cut-off');
  const dir = folder();
  const run = npm(dir, 'install', '--', 'cut-off');
  await until(() => registry.count('packument', 'cut-off') === 1, { deadline: DEADLINE, message: 'question' });
  run.child.kill('SIGKILL');
  await run.done;
  assert.equal(npmRuns(dir).length, 1);
  registry.unpublish('cut-off');
});

test('a server that is closed lets go of those who wait for an answer', async () => {
  const own = await startPackageServer();
  own.slow('*');
  const asking = spawn(process.execPath, ['-e', `require('node:http').get('${own.url}x').on('error', () => {})`]);
  await until(() => own.count('packument', 'x') === 1, { deadline: DEADLINE, message: 'question' });
  await own.close();
  await until(() => asking.exitCode !== null, { deadline: DEADLINE, message: 'end of the one that asked' });
});
