'use strict';

// What a release does to a registry that has something already.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { pack } = require('../../scripts/pack.js');
const { distTag, publish } = require('../../scripts/publish.js');
const { packFiles } = require('../support/npm/tarball.js');
const { tempDir } = require('../support/temp-dir.js');
const { startRegistry } = require('./support/registry.js');

let registry;

before(async () => {
  registry = await startRegistry();
});

after(() => registry?.stop());

/** What `npm run pack` leaves, with two small packages; `content` goes into that of the platform. */
function release(name, version, content = '') {
  const folder = tempDir('release');
  const add = (called, text) => {
    const manifest = JSON.stringify({ name: called, version });
    const { tarball } = packFiles({ 'package.json': manifest, 'index.js': text });
    fs.writeFileSync(path.join(folder, `${called}-${version}.tgz`), tarball);
    return manifest;
  };
  add(`${name}-platform`, content);
  fs.mkdirSync(path.join(folder, 'main'));
  fs.writeFileSync(path.join(folder, 'main', 'package.json'), add(name, ''));
  return folder;
}

/** Publishes it, and returns what was noted. */
async function published(folder, env = {}) {
  const lines = [];
  await publish(folder, { env: { ...registry.env, NPM_TOKEN: 'any', ...env }, note: (line) => lines.push(line) });
  return lines;
}

test('a run that broke off is completed', async () => {
  const half = release('broken-off', '1.0.0');
  fs.rmSync(path.join(half, 'broken-off-platform-1.0.0.tgz'));
  assert.deepEqual(await published(half), ['broken-off@1.0.0 (latest)']);
  assert.deepEqual(await published(release('broken-off', '1.0.0')), [
    'broken-off-platform@1.0.0 (latest)',
    'broken-off@1.0.0 (was there)'
  ]);
});

test('when the registry has another package under the name and version, it is named and nothing is published', async () => {
  await published(release('taken', '1.0.0', 'one'));
  await assert.rejects(published(release('taken', '1.0.0', 'another')), (error) => {
    assert.match(
      error.message,
      /nothing was published: the registry has another taken-platform@1\.0\.0 than taken-platform-1\.0\.0\.tgz$/
    );
    return true;
  });

  const old = release('namesake', '1.0.0', 'old');
  fs.rmSync(path.join(old, 'namesake-platform-1.0.0.tgz'));
  const { tarball } = packFiles({
    'package.json': JSON.stringify({ name: 'namesake', version: '1.0.0', description: 'an earlier one' })
  });
  fs.writeFileSync(path.join(old, 'namesake-1.0.0.tgz'), tarball);
  await published(old);
  await assert.rejects(published(release('namesake', '1.0.0')), /the registry has another namesake@1\.0\.0/);
  assert.equal(await registry.tags('namesake-platform'), undefined);
});

test('a version that is lower than the latest does not become the latest', async () => {
  await published(release('older', '5.1.0'));
  assert.deepEqual(await published(release('older', '5.0.1')), [
    'older-platform@5.0.1 (release-5.0)',
    'older@5.0.1 (release-5.0)'
  ]);
  assert.deepEqual(await registry.tags('older'), { latest: '5.1.0', 'release-5.0': '5.0.1' });
  await published(release('older', '5.10.0'));
  assert.equal((await registry.tags('older')).latest, '5.10.0');
});

test('a prerelease does not become the latest', async () => {
  await published(release('early', '4.0.0'));
  assert.deepEqual(await published(release('early', '5.0.0-beta.1')), [
    'early-platform@5.0.0-beta.1 (next)',
    'early@5.0.0-beta.1 (next)'
  ]);
  assert.deepEqual(await registry.tags('early'), { latest: '4.0.0', next: '5.0.0-beta.1' });
});

test('versions are compared by number, and a release comes after its prereleases', () => {
  const cases = [
    ['5.0.0', undefined, 'latest'],
    ['5.0.0', '4.12.0', 'latest'],
    ['5.0.0', '5.0.0-rc.1', 'latest'],
    ['5.0.0+build-7', '4.0.0', 'latest'],
    ['5.9.9', '5.10.0', 'release-5.9'],
    ['4.0.0', '5.0.0-rc.1', 'release-4.0'],
    ['5.0.0-rc.1', undefined, 'next'],
    ['6.0.0-0', '5.0.0', 'next']
  ];
  for (const [version, latest, tag] of cases) {
    assert.equal(distTag(version, latest), tag, `${version} after ${latest}`);
  }
});

test('a registry that cannot be asked is a failure, not a place without the package', async () => {
  const folder = release('unasked', '1.0.0');
  const gone = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' };
  await assert.rejects(published(folder, gone), /npm view/);
});

test("on GitHub's runners nothing is published without a proof", async () => {
  await assert.rejects(
    published(release('unproved', '1.0.0'), { GITHUB_ACTIONS: 'true' }),
    /npm publish .*--provenance[^]*id-token/
  );
  assert.equal(await registry.tags('unproved-platform'), undefined);
});

test("on GitHub's runners every package tells its repository", () => {
  const address = (packages) =>
    packages.map(({ folder }) => JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).repository);
  const env = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'someone/something' };
  const packages = pack({ out: tempDir('pack'), binaries: tempDir('binaries'), env });
  assert.deepEqual(
    address(packages),
    packages.map(() => ({ type: 'git', url: 'git+https://git.example/someone/something.git' }))
  );
  assert.deepEqual(
    address(pack({ out: tempDir('pack'), binaries: tempDir('binaries'), env: {} })),
    packages.map(() => undefined)
  );
});
