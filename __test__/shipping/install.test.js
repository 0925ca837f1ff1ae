'use strict';

// What a user gets: the packages of a release in a registry, installed with each package manager on
// a machine that has no compiler, and Node-RED running from there.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREBUILT, thisPlatform } = require('../../lib/binding/platform.js');
const { pack, printSizes } = require('../../scripts/pack.js');
const { publish } = require('../../scripts/publish.js');
const { startNodeRed, raw } = require('../support/node-red.js');
const { startServer } = require('../support/server.js');
const { tempDir } = require('../support/temp-dir.js');
const { answers, valueFlow } = require('../support/request-flow.js');
const { MANAGERS, install, installed, restore } = require('./support/package-managers.js');
const { startRegistry } = require('./support/registry.js');

const { name: NAME, version: VERSION } = require('../../package.json');

const ROOT = path.join(__dirname, '..', '..');
const HERE = thisPlatform().id;
const OTHER = { os: 'darwin', cpu: 'arm64', libc: 'glibc' };
const OTHER_C_LIBRARY = { 'linux-x64-gnu': 'linux-x64-musl', 'linux-x64-musl': 'linux-x64-gnu' };
const DEADLINE = 60_000;

const ofPlatform = (id) => `${NAME}-${id}`;

/** The version of the module that a folder has, having loaded its binary, in a process of its own. */
function loadedFrom(folder) {
  const program = `console.log(typeof require('${NAME}').init, require('${NAME}/package.json').version)`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8' });
  assert.equal(stdout, `function ${VERSION}\n`, stderr);
}

/** Whether the process has a binary below the folder loaded. */
function hasLoaded(pid, folder) {
  return fs
    .readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .some((line) => line.includes(`${folder}${path.sep}`) && line.endsWith(`${NAME}.${HERE}.node`));
}

let packages;
let registry;

/** The binary of this platform, and in place of those that are built elsewhere empty files. */
function binariesWithStandIns() {
  const dir = tempDir('binaries');
  for (const id of PREBUILT) {
    const name = `${NAME}.${id}.node`;
    if (id === HERE) {
      fs.copyFileSync(path.join(ROOT, name), path.join(dir, name));
    } else {
      fs.writeFileSync(path.join(dir, name), '');
    }
  }
  return dir;
}

before(async () => {
  const out = tempDir('pack');
  packages = pack({ out, binaries: binariesWithStandIns(), all: true });
  registry = await startRegistry();
  await publish(out, { env: { ...registry.env, NPM_TOKEN: 'any' } });
});

after(() => registry?.stop());

test('the packages have what is needed, and nothing that runs at an install', async () => {
  printSizes(packages.filter(({ id }) => !id || id === HERE));
  const [main, ...platforms] = packages;
  assert.deepEqual(platforms.map(({ id }) => id).sort(), [...PREBUILT].sort());
  const foreign = main.files.filter(
    (file) =>
      !/^((index|context)\.(js|d\.ts)|binding\.js|package\.json|README\.md|LICENSE|CHANGELOG\.md|(bin|lib)\/[\w/-]+\.js)$/.test(
        file
      ) &&
      !/^(nodes\/[\w-]+\.(js|html)|plugin\/fleet\.(js|html)|plugin\/locales\/[\w-]+\/fleet\.json|resources\/fleet\/[\w/-]+\.(mjs|css))$/.test(
        file
      )
  );
  assert.deepEqual(foreign, []);
  const here = platforms.find(({ id }) => id === HERE);
  assert.deepEqual(
    here.files.sort(),
    ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES', `${NAME}.${HERE}.node`, 'package.json'].sort()
  );
  const { binarySize } = JSON.parse(fs.readFileSync(path.join(here.folder, 'package.json'), 'utf8'));
  assert.equal(binarySize, fs.statSync(path.join(ROOT, `${NAME}.${HERE}.node`)).size);

  const published = await registry.manifest(NAME, VERSION);
  assert.deepEqual(published.optionalDependencies, Object.fromEntries(PREBUILT.map((id) => [ofPlatform(id), VERSION])));
  for (const { name } of packages) {
    const { hasInstallScript = false, scripts = {}, dependencies = {} } = await registry.manifest(name, VERSION);
    assert.deepEqual(
      { hasInstallScript, scripts, dependencies },
      { hasInstallScript: false, scripts: {}, dependencies: {} },
      name
    );
  }
});

test('publishing again leaves out what is there', async () => {
  const lines = [];
  await publish(path.dirname(packages[0].tarball), {
    env: { ...registry.env, NPM_TOKEN: 'any' },
    note: (line) => lines.push(line)
  });
  assert.deepEqual(
    lines.filter((line) => !line.endsWith('(was there)')),
    []
  );
  assert.equal(lines.length, packages.length);
  assert.equal(lines.at(-1), `${NAME}@${VERSION} (was there)`, 'the main package comes last');
});

for (const [manager, { keepsToLibc }] of Object.entries(MANAGERS)) {
  const expected = [HERE, ...(keepsToLibc ? [] : [OTHER_C_LIBRARY[HERE] ?? []].flat())].map(ofPlatform).sort();

  test(`${manager} installs the one binary that fits, without a compiler`, async () => {
    const folder = await install(manager, { name: NAME, registry });
    assert.deepEqual(installed(folder, `${NAME}-`), expected);
    loadedFrom(folder);
  });

  test(`${manager} installs it from a lock file that was made on another platform`, async () => {
    const folder = await install(manager, { name: NAME, registry, platform: OTHER });
    assert.ok(installed(folder, `${NAME}-`).includes(ofPlatform('darwin-arm64')), 'it is made for another platform');
    await restore(manager, folder, registry);
    assert.deepEqual(installed(folder, `${NAME}-`), expected);
    loadedFrom(folder);
  });
}

test('Node-RED runs from what was installed: a deploy on the admin reaches the workers', async (t) => {
  const roles = [['npm', 'admin'], ...Object.keys(MANAGERS).map((manager) => [manager, 'worker'])];
  const folders = await Promise.all(roles.map(([manager]) => install(manager, { name: NAME, registry })));
  const running = [];
  t.after(() => Promise.all(running.map((one) => one.stop())));
  const server = await startServer();
  running.push(server);
  const instances = [];
  for (const [at, [, role]] of roles.entries()) {
    const instance = await startNodeRed({
      role,
      server,
      userDir: folders[at],
      // As people write it; found from the user directory.
      settings: { storageModule: raw(`require('${NAME}')`) },
      flows: role === 'admin' ? valueFlow('at start') : undefined,
      deadline: DEADLINE
    });
    running.unshift(instance);
    instances.push(instance);
  }
  const [admin, ...workers] = instances;
  await admin.deploy(valueFlow('deployed'));
  await Promise.all(workers.map((worker) => answers(worker, 'deployed', DEADLINE)));
  for (const { pid, userDir, logs } of instances) {
    assert.doesNotMatch(logs, /\[error\]/);
    assert.ok(process.platform !== 'linux' || hasLoaded(pid, userDir), `the binary in ${userDir} is in use`);
  }
});
