'use strict';

// An admin whose settings.js names no flow file.

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('node:test');

const { tellUnnamedFlowFile } = require('../../lib/admin/unnamed-flow-file');
const { createAdminDisk } = require('./support/admin-disk');

const OWN = `flows_${os.hostname()}.json`;
const OTHER = 'flows_another_host.json';

async function told(settings, names, project) {
  const admin = createAdminDisk({ settings, project });
  names.forEach((name) => admin.disk.write(name, []));
  await tellUnnamedFlowFile(admin);
  return admin.lines;
}

test('nothing is said where a name is set, or a Project is active', async () => {
  assert.deepEqual(await told({ flowFile: 'flows.json' }, [OTHER, '.node-red-storage-valkey/admin.json']), []);
  const project = { name: 'p', getFlowFile: () => '/p/flow.json', getCredentialsFile: () => '/p/flow_cred.json' };
  assert.deepEqual(await told({ flowFile: undefined }, [], project), []);
});

test('a name that depends on the host is warned of, with what to set', async () => {
  for (const names of [[], [OWN], [OWN, OTHER, '.node-red-storage-valkey/admin.json']]) {
    const lines = await told({ flowFile: undefined }, names);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^warn: 'flowFile' is not set .* named after this host: .* set flowFile: 'flows\.json'$/);
    assert.ok(lines[0].includes(OWN), lines[0]);
  }
});

test('the flows of the same directory under another host name are named, when there is one such file', async () => {
  const before = [OTHER, 'flows_another_host_cred.json', `.${OTHER}.backup`];
  const ours = '.node-red-storage-valkey/admin.json';
  const [line, ...more] = await told({ flowFile: undefined }, [...before, ours]);
  assert.match(line, /^warn: flows_.+\.json is missing, and flows_another_host\.json is there: .*rename it/);
  assert.deepEqual(more, []);
  for (const names of [before, [...before, ours, 'flows_third.json']]) {
    const [other] = await told({ flowFile: undefined }, names);
    assert.match(other, /^warn: 'flowFile' is not set/, 'not known to be its own, or not which');
  }
});
