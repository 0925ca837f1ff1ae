'use strict';

// Node-RED's settings files: what a damaged one is restored from.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');

const { createSettingsFiles } = require('../../lib/admin/settings-files');
const { encrypt } = require('../../lib/flows/credentials');
const { DAMAGE } = require('../support/damage');
const { createAdminDisk } = require('./support/admin-disk');

const RUNTIME = '.config.runtime.json';
const NODES = '.config.nodes.json';
const SECTIONS = ['runtime', 'nodes', 'users', 'projects', 'modules'];
const SHARED = { _credentialSecret: 'shared', nodes: { theirs: {} }, users: { theirs: {} } };
const ENCRYPTED = encrypt('shared', { node: { token: 't' } });

function create(given) {
  const admin = createAdminDisk(given);
  const { disk, local, log, settings } = admin;
  const files = createSettingsFiles({ userDir: disk.dir, settings, local, log });
  const asked = [];
  /** Repairs and loads, as a start does; Valkey holds these settings (null: nothing, or it is away). */
  const start = async (shared, { credentials = null, diskIsFresh = false } = {}) => {
    await files.repair();
    return files.load({
      async fetchStored() {
        asked.push(shared);
        return shared && { settings: JSON.stringify(shared) };
      },
      credentials,
      diskIsFresh
    });
  };
  return { ...admin, asked, files, start };
}

test('whole files are left alone, and Valkey is not asked', async () => {
  const { disk, lines, asked, start } = create();
  disk.write(RUNTIME, { _credentialSecret: 'own' });
  disk.write(NODES, { own: {} });
  const before = disk.names();
  assert.deepEqual(await start(SHARED), { _credentialSecret: 'own', nodes: { own: {} } });
  assert.deepEqual([disk.names(), lines, asked], [before, [], []]);
});

test('files that were never there are no loss', async () => {
  const { lines, asked, start } = create();
  assert.deepEqual(await start(SHARED), {});
  assert.deepEqual([lines, asked], [[], []]);
});

for (const [how, { inflict, detail }] of Object.entries(DAMAGE)) {
  for (const section of SECTIONS) {
    const name = `.config.${section}.json`;
    test(`${name} that is ${how} is restored from its backup`, async () => {
      const { disk, lines, asked, files } = create();
      disk.write(name, { what: 'was written last' });
      disk.write(`${name}.backup`, { what: 'was written before' });
      inflict(disk.path(name));
      await files.repair();
      assert.deepEqual(disk.json(name), { what: 'was written before' });
      assert.equal(disk.has(`${name}.damaged`), how !== 'missing', 'what was damaged is kept beside it');
      assert.equal(lines.length, 1);
      assert.ok(lines[0].startsWith(`error: ${name} ${detail}`), lines[0]);
      assert.match(lines[0], /: restored from its backup$/);
      assert.deepEqual(asked, []);
    });
  }

  if (how !== 'missing') {
    test(`the secret is taken from Valkey where ${RUNTIME} is ${how} and has no backup`, async () => {
      const { disk, lines, start } = create();
      disk.write(RUNTIME, { _credentialSecret: 'lost' });
      inflict(disk.path(RUNTIME));
      const loaded = await start(SHARED, { credentials: ENCRYPTED });
      assert.deepEqual(loaded, { _credentialSecret: 'shared' });
      assert.deepEqual(disk.json(RUNTIME), { _credentialSecret: 'shared' }, 'and is on the disk');
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0], /^error: \.config\.runtime\.json .*: restored from Valkey$/);
    });

    test(`the shared parts are taken from Valkey where theirs is ${how}, and no others`, async () => {
      const { disk, lines, start } = create();
      disk.write(RUNTIME, { _credentialSecret: 'own' });
      disk.write(NODES, { lost: {} });
      disk.write('.config.users.json', { own: {} });
      inflict(disk.path(NODES));
      const loaded = await start(SHARED);
      assert.deepEqual(loaded, { _credentialSecret: 'own', nodes: SHARED.nodes, users: { own: {} } });
      assert.deepEqual(disk.json(NODES), SHARED.nodes);
      assert.match(lines.join('\n'), /^error: \.config\.nodes\.json [^\n]*: restored from Valkey$/);
    });
  }
}

test('a backup that is damaged as well is no backup', async () => {
  const { disk, lines, start } = create();
  disk.write(NODES, '{"cut":');
  disk.write(`${NODES}.backup`, '');
  assert.deepEqual((await start({ nodes: { theirs: {} } })).nodes, { theirs: {} });
  assert.match(lines.join('\n'), /: restored from Valkey$/);
});

for (const [what, shared] of [
  ['away or empty', null],
  ['without those parts', {}]
]) {
  test(`where Valkey is ${what}, what is damaged starts empty, and says so`, async () => {
    const { disk, lines, start } = create();
    for (const section of SECTIONS) {
      disk.write(`.config.${section}.json`, '{');
    }
    assert.equal(JSON.stringify(await start(shared)), '{}');
    assert.equal(lines.length, SECTIONS.length);
    for (const line of lines) {
      assert.match(line, /^error: .* is not whole JSON: there is nothing to restore it from, it starts empty$/);
    }
    assert.ok(SECTIONS.every((section) => disk.has(`.config.${section}.json.damaged`)));
  });
}

test("projects and modules are this disk's own: Valkey's are never taken", async () => {
  const { disk, start } = create();
  disk.write('.config.projects.json', '{');
  disk.write('.config.modules.json', '{');
  const loaded = await start({ projects: { activeProject: 'theirs' }, modules: { theirs: {} } });
  assert.deepEqual(loaded, {});
});

test('a secret that does not decrypt what is on the disk is not taken', async () => {
  const { disk, start, lines } = create();
  disk.write(RUNTIME, '{');
  const loaded = await start(SHARED, { credentials: encrypt('another', {}) });
  assert.equal(loaded._credentialSecret, undefined);
  assert.match(lines.join('\n'), /there is nothing to restore it from/);
});

test('a secret that is missing, and with it nothing else, is taken when the credentials need it', async () => {
  const { disk, lines, start } = create();
  disk.write(RUNTIME, { other: true });
  assert.deepEqual(await start(SHARED, { credentials: ENCRYPTED }), { other: true, _credentialSecret: 'shared' });
  assert.deepEqual(lines, [
    'error: the secret that decrypts the credentials was lost on this disk: it was restored from Valkey'
  ]);
});

test('credentials that are not encrypted need no secret', async () => {
  const { asked, start } = create();
  assert.deepEqual(await start(SHARED, { credentials: { node: { token: 'plain' } } }), {});
  assert.deepEqual(asked, []);
});

test('a secret of settings.js is enough', async () => {
  const { disk, start } = create({ settings: { credentialSecret: 'of settings.js' } });
  disk.write(RUNTIME, '{');
  assert.equal((await start(SHARED, { credentials: ENCRYPTED }))._credentialSecret, undefined);
});

test('a fresh disk takes all shared parts, and is no error', async () => {
  const { disk, lines, start } = create();
  assert.deepEqual(await start(SHARED, { diskIsFresh: true }), SHARED);
  assert.deepEqual(disk.json(NODES), SHARED.nodes);
  assert.deepEqual(disk.json(RUNTIME), { _credentialSecret: 'shared' });
  assert.deepEqual(lines, []);
});

test('a fresh disk keeps what it has of its own', async () => {
  const { disk, start } = create();
  disk.write(RUNTIME, { _credentialSecret: 'own' });
  disk.write(NODES, { own: {} });
  const loaded = await start(SHARED, { diskIsFresh: true });
  assert.deepEqual(loaded, { _credentialSecret: 'own', nodes: { own: {} }, users: SHARED.users });
});

test('a disk that takes nothing is no reason not to start', async () => {
  const { disk, lines, local, start } = create();
  disk.write(RUNTIME, '{');
  local.failing.saveSettings = new Error('no space');
  assert.deepEqual(await start(SHARED), { _credentialSecret: 'shared' });
  assert.equal(lines.at(-1), "error: settings can't be saved: no space");
});

test('a file that can not be set aside is told, and taken from Valkey', async (t) => {
  const { disk, lines, start } = create();
  disk.write(NODES, '{');
  disk.write(`${NODES}.backup`, { own: {} });
  const refusing = t.mock.method(fs.promises, 'rename', async () => {
    throw new Error('read-only file system');
  });
  const loaded = await start(SHARED);
  refusing.mock.restore();
  assert.deepEqual(loaded.nodes, SHARED.nodes);
  assert.match(lines[0], /^error: \.config\.nodes\.json can't be restored: read-only file system$/);
});

test('a Project that was active and is not known any more stays unknown over restarts', async () => {
  const { disk, files, start } = create({ settings: { editorTheme: { projects: { enabled: true } } } });
  assert.equal(files.projectIsUnknown(), false);
  disk.write('.config.projects.json', '{');
  await start(null);
  assert.equal(files.projectIsUnknown(), true);
  disk.write('.config.projects.json', { projects: {} }); // as Node-RED does
  const later = createSettingsFiles({
    userDir: disk.dir,
    settings: { editorTheme: { projects: { enabled: true } } },
    local: {},
    log: {}
  });
  assert.equal(later.projectIsUnknown(), true);
});

test('without Projects nobody asks which was active', async () => {
  const { disk, files, start } = create();
  disk.write('.config.projects.json', '{');
  await start(null);
  assert.equal(files.projectIsUnknown(), false);
});
