'use strict';

// docs/getting-started.md, followed word by word with the settings files of the README: what it says
// is seen is what is seen. Only the ports are others.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');

const { startNodeRed } = require('../support/node-red.js');
const { startServer } = require('../support/server.js');
const { tempDir } = require('../support/temp-dir.js');
const { until } = require('../support/wait.js');

const ROOT = path.join(__dirname, '..', '..');
const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const guide = read('docs/getting-started.md');
const DEADLINE = 60_000;

const running = [];
after(async () => {
  for (const started of running.reverse()) {
    await started.stop();
  }
});

function blocks(text, language) {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block);
}

/** The two settings files of the README. */
function settingsFiles() {
  const all = blocks(read('README.md'), 'js');
  const of = (role) => all.filter((block) => block.includes(`role: '${role}'`));
  const [admin, worker] = [of('admin'), of('worker')];
  assert.deepEqual([admin.length, worker.length], [1, 1]);
  return { admin: admin[0], worker: worker[0] };
}

/** The user directories that the guide starts a Node-RED with, in its order. */
const userDirs = [...guide.matchAll(/^npx node-red -u ~\/cluster\/(\S+) -p \d+$/gm)].map(([, dir]) => dir);

/** The lines that the guide shows, block by block; what differs from run to run is `…` there. */
function shownLines() {
  const anything = (line) =>
    line
      .replace('localhost:6379', '…')
      .replace(/:\d+\/$/, ':…/')
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.+');
  return blocks(guide, 'text').map((block) =>
    block
      .trim()
      .split('\n')
      .map((line) => new RegExp(`${anything(line)}\n`))
  );
}

function place(cluster, dir, settings) {
  const userDir = path.join(cluster, dir);
  const settingsFile = path.join(userDir, 'settings.js');
  fs.mkdirSync(userDir);
  fs.writeFileSync(settingsFile, dir === 'admin' ? settings.admin : settings.worker);
  return { userDir, settingsFile };
}

test('the guide leads to an admin and two workers', { timeout: 170_000 }, async () => {
  assert.deepEqual(userDirs, ['admin', 'worker-1', 'worker-2']);
  const server = await startServer();
  running.push(server);
  const cluster = tempDir('cluster');
  fs.mkdirSync(path.join(cluster, 'node_modules'));
  fs.symlinkSync(ROOT, path.join(cluster, 'node_modules', 'node-red-storage-valkey'), 'junction');
  const env = { REDIS_HOST: server.host, REDIS_PORT: String(server.port), REDIS_PASSWORD: server.password };
  const settings = settingsFiles();
  const start = async (dir) => {
    const instance = await startNodeRed({
      ...place(cluster, dir, settings),
      env,
      wait: 'listening',
      deadline: DEADLINE
    });
    running.push(instance);
    return instance;
  };
  const all = await Promise.all(userDirs.map(start));
  const [admin, ...workers] = all;
  const [ofAdmin, ofWorker, [mirrored, first], [changed]] = shownLines();
  const shows = async (instance, lines) => {
    for (const line of lines) {
      await instance.waitForLog(line, DEADLINE);
    }
  };
  await shows(admin, ofAdmin);
  await Promise.all(workers.map((worker) => shows(worker, ofWorker)));
  await admin.waitUntilStarted({ deadline: DEADLINE });

  const [flow] = blocks(guide, 'json').map((block) => JSON.parse(block));
  const deploy = (text) => {
    const node = flow.find(({ type }) => type === 'change');
    return admin.deploy(flow.map((one) => (one === node ? { ...one, rules: [{ ...one.rules[0], to: text }] } : one)));
  };
  const untilAllAnswer = (text) =>
    Promise.all(
      all.map((instance) =>
        until(async () => (await instance.http('/hello')).text === text, {
          deadline: DEADLINE,
          message: () => `'${text}'; the log ends:\n${instance.tail()}`
        })
      )
    );
  await admin.deploy(flow);
  await untilAllAnswer('hello');
  await shows(admin, [mirrored]);
  await Promise.all(workers.map((worker) => shows(worker, [first])));
  await deploy('changed');
  await untilAllAnswer('changed');
  await Promise.all(workers.map((worker) => shows(worker, [changed])));
  assert.equal((await workers[0].http('/')).status, 404, 'a worker has no editor');

  await server.kill();
  await deploy('without a server');
  const [warning] = /`(workers are not updated yet[^`]+)`/.exec(guide).slice(1);
  await admin.waitForLog(new RegExp(warning), DEADLINE);
  assert.equal((await workers[0].http('/hello')).text, 'changed');
  await server.restart({ empty: true });
  await untilAllAnswer('without a server');
});
