'use strict';

// Node-RED that is not told its user directory, as plain `node-red`: it is `.node-red` in the home
// directory, on a worker too, which has no local storage that finds it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering, answeringSource } = require('../../support/npm/kinds.js');
const { installModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const COPY = path.join('.node-red-storage-valkey', 'last-good-copy.json');

/** A home directory with a node of the operator's own in the user directory. */
function homeDir(registry) {
  const home = tempDir('home');
  const userDir = path.join(home, '.node-red');
  registry.npmrc(userDir);
  fs.mkdirSync(path.join(userDir, 'nodes'));
  fs.writeFileSync(path.join(userDir, 'nodes', 'own.js'), answeringSource('own', 'own node'));
  fs.writeFileSync(
    path.join(userDir, 'nodes', 'own.html'),
    '<script type="text/html" data-template-name="own"></script>'
  );
  return home;
}

packageTest('instances without --userDir use .node-red of the home directory', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('first', '1.0.0'));
  const admin = await cluster.admin({ home: homeDir(registry) });
  const worker = await cluster.worker({ home: homeDir(registry) });

  await installModule(admin, 'first');
  await admin.deploy(typeFlow(['first', 'own']));
  await untilType(worker, 'first', '1.0.0');
  await untilType(worker, 'own', 'own node');
  await untilOnDisk(worker, { first: '1.0.0' });
  const copy = path.join(worker.userDir, COPY);
  await until(() => fs.existsSync(copy) && fs.readFileSync(copy, 'utf8').includes('/type/own'), {
    message: 'the last good copy'
  });
  assert.doesNotMatch(worker.logs, /readOnly/);
  assert.doesNotMatch(worker.logs, /\[error\]/);
});
