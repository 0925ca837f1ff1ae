'use strict';

// Every command in the README is run by a test: here, or by what is named here.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { killGroup, spawnOwned } = require('../support/own-processes.js');
const { tempDir } = require('../support/temp-dir.js');

const ROOT = path.join(__dirname, '..', '..');
const PROGRAM = /^(npm|npx|node|node-red|cargo|docker|kubectl|pip|valkey-cli|redis-cli|cd) /;
const CLONE = '/path/to/the/clone';

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

/** The commands of a document: lines of its sh blocks, and code within the text. */
function commandsOf(text) {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) => block.split('\n'));
  const spans = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)].map(([, code]) =>
    code.replace(/\s+/g, ' ')
  );
  const commands = [...blocks, ...spans].map((line) => line.replace(/\s+#.*$/, '').trim());
  return [...new Set(commands.filter((line) => PROGRAM.test(line)))];
}

/** Runs a command to its end; gives what it printed. */
function run(command, args, { cwd = ROOT, deadline = 150_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawnOwned(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32'
    });
    // What it has started would go on without it.
    const timer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), deadline);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      const line = [command, ...args].join(' ');
      return code === 0 ? resolve(output) : reject(new Error(`'${line}' ended with ${code}:\n${output}`));
    });
  });
}

async function demo() {
  const output = await run('npm', ['run', 'demo', '--', '--once']);
  for (const worker of ['worker 1', 'worker 2']) {
    assert.match(output, new RegExp(`${worker}.*\\d+ ms`), output);
  }
}

async function installClone() {
  const userDir = tempDir('user-dir');
  fs.writeFileSync(path.join(userDir, 'package.json'), '{"name":"node-red-project","version":"0.0.1","private":true}');
  const before = fs.readFileSync(path.join(ROOT, 'package-lock.json'));
  await run('npm', ['install', ROOT, '--offline', '--no-audit', '--no-fund'], { cwd: userDir });
  assert.deepEqual(fs.readFileSync(path.join(ROOT, 'package-lock.json')), before, 'the clone is as it was');
  const { status, stdout } = spawnSync(process.execPath, ['-p', "typeof require('node-red-storage-valkey').init"], {
    cwd: userDir,
    encoding: 'utf8'
  });
  assert.deepEqual([status, stdout], [0, 'function\n']);
}

/** A file in which that command, or what it consists of, is run. */
const ranIn = (file, pattern) => async () => assert.match(read(file), pattern, `${file} runs it`);

const GUIDE = '__test__/documents/getting-started.test.js';

const RUN_BY = {
  'npm test': ranIn('.ci/run', /step npm test$/m),
  'cd ~/.node-red': ranIn('__test__/shipping/support/package-managers.js', /cwd/),
  'npm install node-red-storage-valkey@5': ranIn(
    '__test__/shipping/install.test.js',
    /install\(manager, \{ name: NAME, registry \}\)/
  ),
  // The same image; there is no Docker on most machines that run tests.
  'docker run -d -p 127.0.0.1:6379:6379 valkey/valkey:9': ranIn(
    'examples/docker/compose.yaml',
    /image: valkey\/valkey:9[.\d]*-alpine$/m
  ),
  'node-red -u ~/cluster/admin -p 1880': ranIn(GUIDE, /\['admin', 'worker-1', 'worker-2'\]/),
  'node-red -u ~/cluster/worker-1 -p 1881': ranIn(GUIDE, /\['admin', 'worker-1', 'worker-2'\]/),
  'npm ci': ranIn('.ci/run', /step npm ci /),
  'npm install': ranIn('.ci/run', /step npm ci /),
  'npm run build': ranIn('.ci/run', /step npm run build$/m),
  'npm run demo -- --once': demo,
  // The same until somebody ends it.
  'npm run demo': ranIn('package.json', /"demo": "node scripts\/demo\.js"/),
  // Every file of it is among those of npm test, with smaller counts.
  'npm run test:faults': ranIn('scripts/test.js', /testFiles\(words\)/),
  // Two of its combinations; the others differ in nothing but the versions.
  'npm run test:matrix': ranIn('.ci/run', /step npm run test:matrix -- --quick$/m),
  [`npm install ${CLONE}`]: installClone
};

const commands = commandsOf(read('README.md'));

test('the commands of the README are found, and there is none that nobody runs', () => {
  assert.ok(commands.length >= 5, commands.join('\n'));
  assert.deepEqual(
    commands.filter((command) => !Object.hasOwn(RUN_BY, command)),
    []
  );
});

for (const command of commands) {
  test(`README: ${command}`, { timeout: 170_000 }, async () => {
    const [, script] = /^npm run (\S+)/.exec(command) || [];
    if (script) {
      assert.ok(JSON.parse(read('package.json')).scripts[script], `there is a script '${script}'`);
    }
    await RUN_BY[command]();
  });
}
