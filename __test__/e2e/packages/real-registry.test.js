'use strict';

// One small package of the real world, from the registry that npm is configured with here.

const assert = require('node:assert/strict');

const { npmEnvironment, writeNpmrc } = require('../../support/npm/runs.js');
const { npm, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { installModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { tempDir } = require('../../support/temp-dir.js');

const NAME = 'node-red-node-random';
const VERSION = '0.4.1';

/** A user directory that leaves the choice of the registry to npm. */
function userDir(role) {
  const dir = tempDir(role);
  writeNpmrc(dir, []);
  return dir;
}

packageTest(`${NAME}@${VERSION} runs on a worker`, async (t, cluster) => {
  const asked = await npm(userDir('asking'), 'view', `${NAME}@${VERSION}`, 'version', '--fetch-timeout=15000').catch(
    (error) => error
  );
  if (!asked.stdout?.includes(VERSION)) {
    t.skip(`the registry can not be asked: ${String(asked.message).split('\n')[0]}`);
    return;
  }
  const env = { ...npmEnvironment() };
  const registry = Object.keys(env).find((name) => /^npm_config_registry$/i.test(name));
  if (registry) {
    env[registry] = process.env[registry];
  }
  const admin = await cluster.admin({ userDir: userDir('admin'), env });
  const worker = await cluster.worker({ userDir: userDir('worker'), env });
  await installModule(admin, NAME, VERSION);
  const flows = typeFlow(['random']).map((node) =>
    node.type === 'random' ? { ...node, low: '7', high: '7', inte: 'true', property: 'payload' } : node
  );
  await admin.deploy(flows);
  await untilType(worker, 'random', '7');
  await untilOnDisk(worker, { [NAME]: VERSION });
  assert.doesNotMatch(worker.logs, /\[error\]/);
});
