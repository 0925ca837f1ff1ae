'use strict';

// What the demo runs, where nothing was built: the packages in dist/, those of a registry, and only then a build.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { PREBUILT, thisPlatform } = require('../../lib/binding/platform.js');
const { demoModule } = require('../../scripts/demo-module.js');
const { pack } = require('../../scripts/pack.js');
const { publish } = require('../../scripts/publish.js');
const { tempDir } = require('../support/temp-dir.js');
const { startRegistry } = require('./support/registry.js');

const { name: NAME, version: VERSION } = require('../../package.json');

const ROOT = path.join(__dirname, '..', '..');
const HERE = thisPlatform().id;

let dist;
let registry;

before(async () => {
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

/** A checkout in which nothing was built; gives what the demo takes, and how often it was built. */
function choose({ packed = [], built = false } = {}) {
  const root = tempDir('checkout');
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(root, 'package.json'));
  fs.mkdirSync(path.join(root, 'dist'));
  for (const name of packed) {
    const file = `${name}-${VERSION}.tgz`;
    fs.copyFileSync(path.join(dist, file), path.join(root, 'dist', file));
  }
  if (built) {
    fs.writeFileSync(path.join(root, `${NAME}.${HERE}.node`), '');
  }
  let builds = 0;
  const chosen = demoModule({
    root,
    env: { ...registry.env },
    build: () => {
      builds += 1;
    }
  });
  return { ...chosen, root, builds };
}

test('what is nowhere to be had is built, and so is what was built here before', () => {
  const none = choose();
  assert.deepEqual([none.folder, none.builds], [none.root, 1]);
  assert.match(none.from, /built just now/);
  // Perhaps somebody works on it: what is published is not that.
  const before = choose({ built: true, packed: [NAME, `${NAME}-${HERE}`] });
  assert.deepEqual([before.folder, before.builds], [before.root, 1]);
  assert.match(before.from, /as it was built here/);
});

test('packages in dist/ are taken, when the one of this platform is among them', () => {
  const { folder, from, builds } = choose({ packed: [NAME, `${NAME}-${HERE}`] });
  assert.equal(builds, 0);
  assert.match(from, /dist\//);
  assert.equal(require(path.join(folder, 'package.json')).version, VERSION);
  assert.equal(choose({ packed: [NAME] }).builds, 1);
});

test('otherwise those of the registry, of this very version', async () => {
  await publish(dist, { env: { ...registry.env, NPM_TOKEN: 'any' } });
  const { folder, from, builds } = choose();
  assert.equal(builds, 0);
  assert.match(from, new RegExp(`^${VERSION} from npm`));
  assert.equal(typeof require(folder).init, 'function');
});
