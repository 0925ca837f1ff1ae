'use strict';

// The list that an admin stores: what is in it, and when it is left alone.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

const { raw } = require('../../support/node-red.js');
const { CHANNEL, DEADLINE, KEY, npm, packageTest, untilOnDisk } = require('../../support/npm/package-test.js');
const { answering, library } = require('../../support/npm/kinds.js');
const { installModule, modulesOf, removeModule, typeFlow, untilType } = require('../../support/npm/palette-api.js');
const { until } = require('../../support/wait.js');
const { PREFIX, answerFlow } = require('../support/admin-and-workers.js');

const MEMORY_CONTEXT = require.resolve('@node-red/runtime/lib/nodes/context/memory', {
  paths: [path.dirname(require.resolve('node-red/package.json'))]
});

/** Puts dependencies into a user directory that npm would not fetch from a registry. */
function addByHand(dir, specs) {
  const file = path.join(dir, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  Object.assign(manifest.dependencies, specs);
  fs.writeFileSync(file, JSON.stringify(manifest));
  for (const name of Object.keys(specs)) {
    const folder = path.join(dir, 'node_modules', name);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  }
}

packageTest('exact versions; not what every instance has of its own, nor what no registry has', async (t, cluster) => {
  const { registry } = cluster;
  registry.publish(answering('ranged', '1.4.2'));
  registry.publish(answering('@scope/ranged', '0.3.0'));
  registry.publish(library('function-library', '2.0.1'));
  for (const name of ['node-red', 'node-red-storage-valkey', 'node-red-context-of-ours']) {
    registry.publish(
      library(name, '1.0.0', {
        files: { 'index.js': `module.exports = require(${JSON.stringify(MEMORY_CONTEXT)});\n` }
      })
    );
  }
  const userDir = await cluster.userDir('admin', [
    'ranged',
    '@scope/ranged',
    'function-library@^2.0.0',
    'node-red',
    'node-red-storage-valkey',
    'node-red-context-of-ours'
  ]);
  const local = path.join(userDir, 'local-folder');
  fs.mkdirSync(local);
  fs.writeFileSync(path.join(local, 'package.json'), JSON.stringify({ name: 'from-a-folder', version: '1.0.0' }));
  await npm(userDir, 'install', './local-folder');
  addByHand(userDir, {
    'from-git': 'git+https://git.example.invalid/from-git.git',
    'from-a-url': 'https://files.example.invalid/from-a-url.tgz',
    'from-github': 'someone/from-github'
  });
  const admin = await cluster.admin({
    userDir,
    settings: {
      contextStorage: {
        default: { module: 'memory' },
        ours: { module: raw("require('node-red-context-of-ours')") }
      }
    }
  });
  await cluster.untilList({ '@scope/ranged': '0.3.0', 'function-library': '2.0.1', ranged: '1.4.2' });
  for (const name of ['from-a-folder', 'from-git', 'from-a-url', 'from-github']) {
    await admin.waitForLog(new RegExp(`\\[warn\\] \\[ValkeyStorage\\] .*${name}`), DEADLINE);
  }
  const worker = await cluster.worker();
  await untilOnDisk(worker, {
    ranged: '1.4.2',
    '@scope/ranged': '0.3.0',
    'function-library': '2.0.1',
    'from-git': undefined
  });
});

packageTest(
  'a change of the palette is announced once it has ended, and only when something changed',
  async (t, cluster) => {
    cluster.registry.publish(answering('one', '1.0.0'));
    const admin = await cluster.admin();
    await cluster.untilList({});
    const heard = [];
    const subscriber = cluster.server.client();
    subscriber.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    await subscriber.subscribe(CHANNEL);

    await installModule(admin, 'one');
    await cluster.untilList({ one: '1.0.0' });
    await removeModule(admin, 'one');
    await cluster.untilList({});
    await until(() => heard.length === 2, {
      deadline: DEADLINE,
      message: () => `two announcements: ${JSON.stringify(heard)}`
    });
    assert.deepEqual(heard, [{ one: '1.0.0' }, {}]);

    await admin.restart();
    await admin.deploy(answerFlow('again'));
    await until(async () => (await cluster.client.get(`${PREFIX}flows`)).includes('again'), { deadline: DEADLINE });
    assert.equal(heard.length, 2, 'an unchanged list is not announced');
  }
);

packageTest(
  'an emptied user directory gets its packages back, and never publishes an empty list',
  async (t, cluster) => {
    const { registry, client } = cluster;
    for (const name of ['one', '@scope/two']) {
      registry.publish(answering(name, '1.0.0'));
      registry.publish(answering(name, '1.0.1'));
    }
    const list = { '@scope/two': '1.0.0', one: '1.0.0' };
    const admin = await cluster.admin({ packages: ['one@1.0.0', '@scope/two@1.0.0'], flows: typeFlow(['one', 'two']) });
    await cluster.untilList(list);
    const worker = await cluster.worker();
    await untilType(worker, 'two', '1.0.0');
    const heard = [];
    const subscriber = cluster.server.client();
    subscriber.on('message', (_channel, text) => heard.push(text));
    await subscriber.subscribe(CHANNEL);

    await admin.stop();
    for (const name of fs.readdirSync(admin.userDir)) {
      fs.rmSync(path.join(admin.userDir, name), { recursive: true });
    }
    registry.npmrc(admin.userDir);
    // The id went with the directory: as after the lease of the lost admin has run out.
    await client.del(`${PREFIX}lease`);
    const heal = registry.failing('*');
    await admin.restart();
    await admin.waitForLog(/\[ValkeyStorage\] npm: /, { deadline: DEADLINE });
    assert.deepEqual(await cluster.list(), list, 'while the packages can not be had');
    heal();
    await untilOnDisk(admin, { one: '1.0.0', '@scope/two': '1.0.0' }, 2 * DEADLINE);
    await untilType(admin, 'one', '1.0.0');
    await untilType(admin, 'two', '1.0.0');
    const { one, '@scope/two': two } = await modulesOf(admin);
    assert.deepEqual([one, two], ['1.0.0', '1.0.0']);

    // From now on its palette counts again.
    registry.publish(answering('three', '1.0.0'));
    await installModule(admin, 'three');
    await cluster.untilList({ ...list, three: '1.0.0' });
    const other = heard.map((text) => JSON.parse(text)).filter((heardList) => heardList.one !== '1.0.0');
    assert.deepEqual(other, []);
    assert.equal(await client.exists(KEY), 1);
  }
);
