'use strict';

// The image, as examples/README.md says that it is built. There is no Docker here: the steps of the Dockerfile are
// run in a folder, in their order, with this platform's binary in place of the one for Alpine.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREBUILT, thisPlatform } = require('../../../lib/binding/platform.js');
const { pack } = require('../../../scripts/pack.js');
const { publish } = require('../../../scripts/publish.js');
const { startRegistry } = require('../../shipping/support/registry.js');
const { tempDir } = require('../../support/temp-dir.js');

const { name: NAME, version: VERSION } = require('../../../package.json');

const ROOT = path.join(__dirname, '..', '..', '..');
const EXAMPLES = path.join(ROOT, 'examples');
const HERE = thisPlatform().id;
const IN_README = 'linux-x64-musl';
const skip = process.platform === 'win32';

const read = (...names) => fs.readFileSync(path.join(EXAMPLES, ...names), 'utf8');

/** The lines of a Dockerfile that do something, as [instruction, rest]. */
function instructions(text) {
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => /^([A-Z]+) +(.*)$/.exec(line)?.slice(1))
    .filter(Boolean);
}

const steps = instructions(read('docker', 'Dockerfile'));
const argument = (name) => steps.find(([kind, rest]) => kind === 'ARG' && rest.startsWith(`${name}=`))[1].split('=')[1];

/** The commands of the section about the image, those of a clone first. */
function commands() {
  const [, section] = read('README.md').split('\n## The image\n');
  return [...section.split('\n## ')[0].matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => block.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter(Boolean);
}

/** The build context: a copy of examples/. */
function context() {
  const folder = tempDir('context');
  fs.cpSync(EXAMPLES, folder, { recursive: true });
  return folder;
}

/** Runs the steps in a folder that stands for the image's; gives the folder, and what a step that failed said. */
function build(from, registry) {
  const image = tempDir('image');
  fs.writeFileSync(path.join(image, 'package.json'), JSON.stringify({ name: 'node-red-docker', private: true }));
  for (const [kind, rest] of steps) {
    if (kind === 'COPY') {
      const [source, target] = rest.replace(/^--\S+ /, '').split(' ');
      fs.cpSync(path.join(from, source), path.join(image, target), { recursive: true });
    }
    if (kind === 'RUN') {
      const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', rest], {
        cwd: image,
        env: { ...registry.env, MODULE: argument('MODULE') },
        encoding: 'utf8'
      });
      if (status !== 0) {
        return { image, failure: `${stdout}${stderr}` };
      }
    }
  }
  return { image };
}

let dist;
let registry;

before(async () => {
  if (skip) {
    return;
  }
  const binaries = tempDir('binaries');
  for (const id of PREBUILT) {
    const file = `${NAME}.${id}.node`;
    fs.writeFileSync(path.join(binaries, file), id === HERE ? fs.readFileSync(path.join(ROOT, file)) : '');
  }
  dist = tempDir('dist');
  pack({ out: dist, binaries, all: true });
  registry = await startRegistry();
});

after(() => registry?.stop());

/** The line of the README that puts the packages in place, with this platform's in place of Alpine's. */
function copyPackages(into) {
  const line = commands().find((command) => command.startsWith('cp '));
  const here = line.replaceAll(IN_README, HERE).replaceAll('dist/', `${dist}/`).replace('examples/', `${into}/`);
  const { status, stderr } = spawnSync('/bin/sh', ['-c', here], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Whether the settings find the module, with nothing but the image's own folders. */
function loads(image) {
  for (const role of ['admin', 'worker']) {
    const program = `console.log(require('./settings/${role}.js').valkey.role, require('${NAME}/package.json').version)`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
      cwd: image,
      env: { PATH: process.env.PATH },
      encoding: 'utf8'
    });
    assert.equal(stdout, `${role} ${VERSION}\n`, stderr);
  }
  assert.ok(fs.existsSync(path.join(image, 'probe.js')));
}

test('the words of the README lead to an image', { skip }, () => {
  const from = context();
  copyPackages(from);
  assert.equal(fs.readdirSync(path.join(from, 'docker', 'packages')).filter((name) => name.endsWith('.tgz')).length, 2);
  const { image, failure } = build(from, registry);
  assert.equal(failure, undefined);
  loads(image);
});

test('the build ends where the binary is not for the image', { skip: skip || process.platform !== 'linux' }, () => {
  const from = context();
  const other = HERE.endsWith('musl') ? HERE.replace('musl', 'gnu') : HERE.replace('gnu', 'musl');
  for (const name of [NAME, `${NAME}-${other}`]) {
    fs.copyFileSync(
      path.join(dist, `${name}-${VERSION}.tgz`),
      path.join(from, 'docker', 'packages', `${name}-${VERSION}.tgz`)
    );
  }
  assert.match(build(from, registry).failure, /EBADPLATFORM/);
  // Without any.
  fs.rmSync(path.join(from, 'docker', 'packages', `${NAME}-${other}-${VERSION}.tgz`));
  assert.match(build(from, registry).failure, /ERR_VALKEY_BINARY/);
});

test('once it is on npm, it comes from there', { skip }, async () => {
  await publish(dist, { env: { ...registry.env, NPM_TOKEN: 'any' } });
  const { image, failure } = build(context(), registry);
  assert.equal(failure, undefined);
  loads(image);
});

test('the commands are there, and name this version', () => {
  const lines = commands();
  for (const script of lines.flatMap((line) => /^npm run (\S+)/.exec(line)?.[1] ?? [])) {
    assert.ok(require('../../../package.json').scripts[script], script);
  }
  const inReadme = lines.find((line) => line.startsWith('cp '));
  assert.ok(inReadme.includes(`${NAME}-${VERSION}.tgz`) && inReadme.includes(`${NAME}-${IN_README}-${VERSION}.tgz`));
  assert.ok(lines.includes(`docker build -f docker/Dockerfile -t node-red-valkey:${VERSION} .`), lines.join('\n'));
  assert.equal(argument('MODULE'), `${NAME}@${VERSION}`);
});

test('no tag moves: every image is named with its whole version', () => {
  const files = fs
    .readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(yaml|tpl|md)$|Dockerfile$/.test(name));
  let seen = 0;
  for (const name of files) {
    for (const [, image, tag] of read(name).matchAll(
      /\b((?:[\w.-]+\/)*(?:node-red|valkey|haproxy|node-red-valkey)):(\d[\w.-]*)/g
    )) {
      seen += 1;
      assert.match(tag, /^\d+\.\d+\.\d+(-[a-z]+)?$/, `${name}: ${image}:${tag}`);
    }
    assert.doesNotMatch(read(name), /:latest\b/, name);
  }
  assert.ok(seen > 5);
});
