'use strict';

// The examples: their very settings files, users and health check, with real Node-RED and real
// servers; and what the YAML files say of them. Those are checked against schemas by
// `npm run lint:examples`.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');

const bcrypt = require(require.resolve('bcryptjs', { paths: [require.resolve('node-red')] }));

const { adminLine, stateLine, workerLine } = require('../../support/acl.js');
const { startNodeRed } = require('../../support/node-red.js');
const { freePort } = require('../../support/port.js');
const { startWatched } = require('../../support/sentinel.js');
const { startServer } = require('../../support/server.js');
const { tempDir } = require('../../support/temp-dir.js');
const { answers, valueFlow } = require('../../support/request-flow.js');
const { until } = require('../../support/wait.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const EXAMPLES = path.join(ROOT, 'examples');
const DEADLINE = 60_000;
const PASSWORDS = { admin: 'change-me-admin', worker: 'change-me-worker', state: 'change-me-state' };

const read = (...names) => fs.readFileSync(path.join(EXAMPLES, ...names), 'utf8');
const running = [];
let modules;

before(() => {
  // Where the image has it.
  modules = tempDir('modules');
  fs.symlinkSync(ROOT, path.join(modules, 'node-red-storage-valkey'), 'junction');
});

after(async () => {
  for (const started of running.reverse()) {
    await started.stop();
  }
});

/** An instance as the image starts it, with this environment. */
async function start(role, env, options = {}) {
  const instance = await startNodeRed({
    settingsFile: path.join(EXAMPLES, 'settings', `${role}.js`),
    env: { NODE_PATH: modules, LOG_LEVEL: 'info', ...env },
    deadline: DEADLINE,
    ...options
  });
  running.push(instance);
  return instance;
}

/** The health check of the image. */
function probe(port, which) {
  const { status, stdout } = spawnSync(process.execPath, [path.join(EXAMPLES, 'docker', 'probe.js'), which], {
    env: { ...process.env, HEALTH_PORT: String(port) },
    encoding: 'utf8',
    timeout: DEADLINE
  });
  return { status, stdout };
}

test('Compose, Swarm, Kubernetes: settings, users and health check work together', async () => {
  const server = await startServer({ aclFile: path.join(EXAMPLES, 'docker', 'users.acl') });
  running.push(server);
  const address = {
    REDIS_HOST: server.host,
    REDIS_PORT: String(server.port),
    REDIS_STATE_USERNAME: 'state',
    REDIS_STATE_PASSWORD: PASSWORDS.state
  };
  const secret = path.join(tempDir('secrets'), 'worker');
  fs.writeFileSync(secret, `${PASSWORDS.worker}\n`);
  const [adminPort, workerPort] = [await freePort(), await freePort()];

  const worker = await start(
    'worker',
    {
      ...address,
      REDIS_USERNAME: 'worker',
      REDIS_PASSWORD_FILE: secret,
      CREDENTIAL_SECRET: 'shared',
      HEALTH_PORT: String(workerPort)
    },
    { wait: 'listening' }
  );
  assert.equal(probe(workerPort, 'live').status, 0);
  const early = probe(workerPort, 'ready');
  assert.equal(early.status, 1, early.stdout);
  assert.match(early.stdout, /"missing":\["flows: loading"/);

  const admin = await start('admin', {
    ...address,
    REDIS_USERNAME: 'admin',
    REDIS_PASSWORD: PASSWORDS.admin,
    CREDENTIAL_SECRET: 'shared',
    HEALTH_PORT: String(adminPort)
  });
  await admin.deploy(valueFlow('from the admin'));
  await answers(worker, 'from the admin', DEADLINE);
  await until(() => probe(workerPort, 'ready').status === 0, {
    deadline: DEADLINE,
    message: () => probe(workerPort, 'ready').stdout
  });
  assert.equal(probe(adminPort, 'ready').status, 0);
  assert.equal((await worker.http('/')).status, 404, 'a worker has no editor');
  for (const instance of [admin, worker]) {
    assert.doesNotMatch(instance.logs, /\[(error|warn)\] \[ValkeyStorage\] (?!Can't|Valkey)/);
  }
  assert.equal(probe(await freePort(), 'live').status, 1, 'nobody there');
});

test('Sentinel: the settings find the master', async () => {
  const watched = await startWatched();
  running.push(watched);
  const { sentinels, name, password, sentinelPassword } = watched.connection();
  const env = {
    REDIS_SENTINELS: sentinels.map(({ host, port }) => `${host}:${port}`).join(', '),
    REDIS_SENTINEL_NAME: name,
    REDIS_PASSWORD: password,
    REDIS_SENTINEL_PASSWORD: sentinelPassword
  };
  const admin = await start('admin', env);
  const worker = await start('worker', env, { wait: 'listening' });
  await admin.deploy(valueFlow('by Sentinel'));
  await answers(worker, 'by Sentinel', DEADLINE);
  assert.match(worker.logs, /Connected to \S+ \(Sentinel mode: mymaster\)/);
});

/** What the editor's log-in answers to this password. */
async function logIn(admin, username, password) {
  const body = { client_id: 'node-red-editor', grant_type: 'password', scope: '*', username, password };
  const { status, json } = await admin.http('/auth/token', { method: 'POST', body });
  return { status, token: status === 200 ? json().access_token : undefined };
}

test('the editor asks for a log-in when a hash is given, also in a file, and is open without', async () => {
  const server = await startServer();
  running.push(server);
  const address = { REDIS_HOST: server.host, REDIS_PORT: String(server.port) };
  const file = path.join(tempDir('secrets'), 'hash');
  fs.writeFileSync(file, `${bcrypt.hashSync('password', 4)}\n`);
  // As Compose gives it when there is none.
  const admin = await start('admin', { ...address, ADMIN_PASSWORD_HASH: '' });
  assert.equal((await admin.http('/flows')).status, 200);
  await admin.stop();

  for (const [env, username] of [
    [{}, 'admin'],
    [{ ADMIN_USERNAME: 'ada' }, 'ada']
  ]) {
    const closed = await start(
      'admin',
      { ...address, ...env, ADMIN_PASSWORD_HASH_FILE: file },
      { userDir: admin.userDir }
    );
    assert.equal((await closed.http('/flows')).status, 401);
    assert.equal((await logIn(closed, username, 'wrong')).status, 403);
    const { token } = await logIn(closed, username, 'password');
    assert.equal((await closed.http('/flows', { headers: { Authorization: `Bearer ${token}` } })).status, 200);
    await closed.stop();
  }

  // What the Secret of Kubernetes holds before it is changed lets nobody in.
  const [, placeholder] = /admin-password-hash: (\S+)/.exec(read('kubernetes', 'config.yaml'));
  const unchanged = await start('admin', { ...address, ADMIN_PASSWORD_HASH: placeholder }, { userDir: admin.userDir });
  assert.equal((await unchanged.http('/flows')).status, 401);
  for (const password of [placeholder, '', 'password']) {
    assert.notEqual((await logIn(unchanged, 'admin', password)).status, 200);
  }
});

test('the users are those of the documents', () => {
  const lines = [
    'user default off',
    adminLine('nodered:', PASSWORDS.admin),
    workerLine('nodered:', PASSWORDS.worker),
    stateLine('nodered:', PASSWORDS.state)
  ];
  assert.deepEqual(read('docker', 'users.acl').trimEnd().split('\n'), lines);
  const inSecret = /users\.acl: \|\n((?: {4}.*\n)+)/.exec(read('kubernetes', 'config.yaml'))[1];
  assert.deepEqual(
    inSecret
      .trimEnd()
      .split('\n')
      .map((line) => line.trim()),
    lines
  );
  for (const [role, password] of Object.entries(PASSWORDS)) {
    assert.ok(read('docker', 'compose.yaml').includes(`:-${password}}`), role);
    assert.ok(read('kubernetes', 'config.yaml').includes(`${role}-password: ${password}\n`), role);
  }
});

test('paths, ports and times in the YAML files are those of the image and the module', () => {
  const dockerfile = read('docker', 'Dockerfile');
  const [, port] = /ENV HEALTH_PORT=(\d+)/.exec(dockerfile);
  for (const role of ['admin', 'worker']) {
    const yaml = read('kubernetes', `${role}.yaml`);
    assert.ok(yaml.includes(`containerPort: ${port}`));
    assert.deepEqual(
      [...new Set([...yaml.matchAll(/path: (\/health\S+)/g)].map(([, probed]) => probed))],
      ['/health/live', '/health/ready']
    );
    assert.ok(Number(/terminationGracePeriodSeconds: (\d+)/.exec(yaml)[1]) >= 30);
  }
  assert.ok(read('kubernetes', 'config.yaml').includes(`HEALTH_PORT: "${port}"`));
  for (const file of [
    'docker/Dockerfile',
    'docker/compose.yaml',
    'swarm/stack.yaml',
    'sentinel/compose.yaml',
    'kubernetes/admin.yaml',
    'kubernetes/worker.yaml'
  ]) {
    const settings = [...read(file).matchAll(/\/usr\/src\/node-red\/(settings\/\S+?\.js)/g)].map(([, name]) => name);
    assert.ok(settings.length > 0, file);
    settings.forEach((name) => assert.ok(fs.existsSync(path.join(EXAMPLES, name)), `${file}: ${name}`));
  }
  for (const [, from] of dockerfile.matchAll(/^COPY (?:--\S+ )?(\S+) /gm)) {
    assert.ok(fs.existsSync(path.join(EXAMPLES, from)), from);
  }
});
