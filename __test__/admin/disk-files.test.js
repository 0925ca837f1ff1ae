'use strict';

// Where Node-RED keeps flows and credentials, and what state a file is in.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const {
  backupOf,
  createDiskFiles,
  fingerprint,
  inspect,
  isFlows,
  setAside,
  stamp
} = require('../../lib/admin/disk-files');
const { isObject } = require('../../lib/is-object');
const { DAMAGE } = require('../support/damage');
const { Disk } = require('./support/admin-disk');

const noProject = { projects: { getActiveProject: () => undefined } };

const withProject = (project, settings = {}) =>
  createDiskFiles(
    { userDir: '/user', editorTheme: { projects: { enabled: true } }, ...settings },
    { projects: { getActiveProject: () => project } }
  );

for (const [what, flowFile, wanted] of [
  ['no flow file named', undefined, `/user/flows_${os.hostname()}.json`],
  ['a name', 'my.flows.json', '/user/my.flows.json'],
  ['a name with ./', './my.json', path.join(process.cwd(), 'my.json')],
  ['a name that the working directory has', 'package.json', path.join(process.cwd(), 'package.json')],
  ['an absolute path', '/elsewhere/my', '/elsewhere/my']
]) {
  test(`the flow file by settings with ${what}`, async () => {
    const { flows, credentials } = await createDiskFiles({ userDir: '/user', flowFile }, noProject).current();
    assert.equal(path.normalize(flows), path.normalize(wanted));
    const { name, ext } = path.parse(wanted);
    assert.equal(credentials, path.join('/user', `${name}_cred${ext}`), 'credentials are always in the user directory');
  });
}

test('a Project that is loaded tells its files; one without a flow file has none', async () => {
  const project = { name: 'shop', getFlowFile: () => '/p/flow.json', getCredentialsFile: () => '/p/cred.json' };
  const files = withProject(project);
  assert.equal(files.activeProject(), project);
  assert.deepEqual(await files.current(), { flows: '/p/flow.json', credentials: '/p/cred.json' });
  assert.equal(await withProject({ ...project, getFlowFile: () => '' }).current(), null);
});

test('a Project that is no more than a name yet is read from its package.json', async () => {
  const disk = new Disk();
  const manifest = path.join('projects', 'shop', 'package.json');
  const files = withProject('shop', { userDir: disk.dir });
  assert.deepEqual(files.activeProject(), { name: 'shop', loaded: false });
  assert.equal(await files.current(), null, 'there is none');
  disk.write(manifest, '{"node-red":');
  assert.equal(await files.current(), null, 'it is broken');
  disk.write(manifest, {});
  assert.equal(await files.current(), null, 'it names no files');
  disk.write(manifest, { 'node-red': { settings: { flowFile: 'flow.json', credentialsFile: 'cred.json' } } });
  const inProject = (name) => disk.path(path.join('projects', 'shop', name));
  assert.deepEqual(await files.current(), { flows: inProject('flow.json'), credentials: inProject('cred.json') });
});

test('no Project is active when settings.js has them off, whatever Node-RED remembers', async () => {
  const files = createDiskFiles(
    { userDir: '/user', flowFile: 'f.json' },
    { projects: { getActiveProject: () => 'x' } }
  );
  assert.equal(files.activeProject(), null);
  assert.equal((await files.current()).flows, path.join('/user', 'f.json'));
});

test('a file that holds what it should', async () => {
  const disk = new Disk();
  disk.write('flows.json', []);
  disk.write('bom.json', '\ufeff{"a":1}');
  assert.deepEqual(await inspect(disk.path('flows.json'), isFlows), { state: 'ok', value: [] });
  assert.deepEqual(await inspect(disk.path('bom.json'), isObject), { state: 'ok', value: { a: 1 } });
});

for (const [text, isRightShape] of [
  ['{}', isFlows],
  ['null', isFlows],
  ['[]', isObject],
  ['null', isObject],
  ['"text"', isObject]
]) {
  test(`${text} is broken where something else should be`, async () => {
    const disk = new Disk();
    disk.write('file.json', text);
    assert.equal((await inspect(disk.path('file.json'), isRightShape)).state, 'broken');
  });
}

for (const [how, { inflict, detail }] of Object.entries(DAMAGE)) {
  test(`a file that is ${how} is told from others`, async () => {
    const disk = new Disk();
    disk.write('flows.json', [{ id: 'a' }]);
    inflict(disk.path('flows.json'));
    const found = await inspect(disk.path('flows.json'), isFlows);
    assert.equal(found.state, how === 'cut in half' ? 'broken' : how);
    assert.ok(found.detail.startsWith(detail), found.detail);
    assert.equal(found.value, undefined);
  });
}

test('a file of nothing but white space is empty', async () => {
  const disk = new Disk();
  disk.write('flows.json', ' \n');
  assert.equal((await inspect(disk.path('flows.json'), isFlows)).state, 'empty');
});

test('a stamp changes with each writing, a fingerprint with the content', async () => {
  const disk = new Disk();
  const file = disk.path('flows.json');
  assert.equal(await stamp(file), null);
  assert.equal(await fingerprint(file), 'ENOENT');
  disk.write('flows.json', 'a');
  const [stamped, content] = [await stamp(file), await fingerprint(file)];
  // As Node-RED writes: a draft takes the place of the file.
  disk.write('draft', 'a');
  fs.renameSync(disk.path('draft'), file);
  assert.notEqual(await stamp(file), stamped);
  assert.equal(await fingerprint(file), content);
  disk.write('flows.json', 'b');
  assert.notEqual(await fingerprint(file), content);
});

test('what is set aside takes the place of what was set aside before, a folder like a file', async () => {
  const disk = new Disk();
  disk.write('flows.json', 'first');
  await setAside(disk.path('flows.json'));
  disk.write('flows.json', 'second');
  await setAside(disk.path('flows.json'));
  assert.equal(disk.text('flows.json.damaged'), 'second');
  fs.mkdirSync(disk.path('flows.json'));
  await setAside(disk.path('flows.json'));
  assert.ok(fs.statSync(disk.path('flows.json.damaged')).isDirectory());
  assert.deepEqual(disk.names(), []);
});

test("Node-RED's backup of a file lies beside it", () => {
  assert.equal(backupOf(path.join('dir', 'flows.json')), path.join('dir', '.flows.json.backup'));
});
