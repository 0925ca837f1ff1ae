'use strict';

// What the YAML files of the examples promise: how they are started, who reaches what, and that the servers'
// configuration is taken by a real server. Their form is checked by `npm run lint:examples`.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const Redis = require('ioredis');

const { findServer } = require('../../../scripts/valkey-server.js');
const { spawnOwned } = require('../../support/own-processes.js');
const { freePort } = require('../../support/port.js');
const { tempDir } = require('../../support/temp-dir.js');
const { until } = require('../../support/wait.js');

const EXAMPLES = path.join(__dirname, '..', '..', '..', 'examples');
const COMPOSE = ['docker/compose.yaml', 'sentinel/compose.yaml'];
const KUBERNETES = ['config', 'valkey', 'admin', 'worker'].map((name) => `kubernetes/${name}.yaml`);
const ALL = [...COMPOSE, 'swarm/stack.yaml', ...KUBERNETES];

const read = (name) => fs.readFileSync(path.join(EXAMPLES, name), 'utf8');
/** The comment at the top. */
const headerOf = (name) =>
  read(name)
    .split('\n\n')[0]
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n');
const all = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found);

test('each file says at its top how it is started', () => {
  for (const name of ALL) {
    const commands = all(headerOf(name), /^# {3}((?:docker|kubectl) .*)$/gm);
    assert.ok(commands.length > 0, name);
    for (const file of commands.flatMap((line) => all(line, /(?:-f|-c) (\S+)/g))) {
      assert.ok(fs.existsSync(path.join(EXAMPLES, path.dirname(name), file)), `${name}: ${file}`);
    }
  }
});

test('every editor has a log-in, or is for its machine alone', () => {
  for (const name of COMPOSE) {
    assert.match(read(name), /^ {6}ADMIN_PASSWORD_HASH: \$\{ADMIN_PASSWORD_HASH:-\}$/m, name);
    assert.match(read(name), /^ {6}- "127\.0\.0\.1:1880:1880"$/m, name);
    assert.doesNotMatch(read(name), /"1880:1880"/, name);
  }
  assert.match(read('swarm/stack.yaml'), /ADMIN_PASSWORD_HASH_FILE: \/run\/secrets\/admin_password_hash\n/);
  assert.match(
    read('kubernetes/admin.yaml'),
    /- name: ADMIN_PASSWORD_HASH\n +valueFrom:\n +secretKeyRef:\n +name: node-red\n +key: admin-password-hash\n/
  );
});

test('Swarm: what it needs is made before, and it replaces what does not live', () => {
  const stack = read('swarm/stack.yaml');
  const header = headerOf('swarm/stack.yaml');
  const secrets = all(stack.split('\nsecrets:\n')[1], /^ {2}(\w+):\n {4}external: true$/gm);
  assert.deepEqual(all(header, /docker secret create (\w+)/g).sort(), secrets.sort());
  assert.ok(secrets.length >= 4);
  assert.deepEqual(
    all(header, /--label-add ([\w-]+)=true/g).sort(),
    all(stack, /node\.labels\.([\w-]+) == true/g).sort()
  );
  assert.match(stack, /test: \["CMD", "node", "probe\.js", "live"\]/);
  assert.equal(all(stack, /^ {4}(healthcheck: \*health)$/gm).length, 2);
});

test('Kubernetes: nothing is written but on volumes', () => {
  const cache = /npm_config_cache: (\S+)/.exec(read('kubernetes/config.yaml'))[1];
  assert.ok(cache.startsWith('/tmp/'));
  for (const name of ['admin', 'worker']) {
    const yaml = read(`kubernetes/${name}.yaml`);
    assert.match(yaml, /readOnlyRootFilesystem: true/);
    assert.deepEqual(all(yaml, /mountPath: (\S+)/g), ['/data', '/tmp']);
    assert.match(yaml, /- name: tmp\n +emptyDir: \{\}/);
    assert.match(yaml, /configMapRef:\n +name: node-red\n/);
  }
  // Each key of the Secret that a pod reads is in it.
  const secret = read('kubernetes/config.yaml');
  for (const key of ['admin', 'worker'].flatMap((name) =>
    all(read(`kubernetes/${name}.yaml`), /secretKeyRef:\n +name: node-red\n +key: (\S+)/g)
  )) {
    assert.ok(secret.includes(`  ${key}: `), key);
  }
});

test(
  'Sentinel: a server makes its configuration once, takes it, and keeps what a failover writes into it',
  { skip: process.platform === 'win32' },
  async (t) => {
    const found = await findServer({ flavour: 'valkey-9' }).catch((error) => t.skip(error.message));
    if (!found) {
      return;
    }
    const yaml = read('sentinel/compose.yaml');
    const dir = tempDir('server');
    const here = (text) => text.replace(/\/data\b/g, dir);
    const [, quoted] = /x-server: &server[\s\S]*?entrypoint: (\[.*\])/.exec(yaml);
    const [shell, flag, script] = JSON.parse(quoted.replace(/\$\$/g, '$'));
    const block = (pattern) => pattern.exec(yaml)[1].replace(/^ +/gm, '');
    const conf = block(/x-server-conf: &server-conf \|\n((?: {2}.*\n)+)/);
    const place = block(/PLACE: \|\n((?: {8}.*valkey-2\n)(?: {8}.*\n)+)/);
    assert.match(place, /replicaof valkey-1 6379/);
    const bin = tempDir('bin');
    fs.symlinkSync(found.path, path.join(bin, 'valkey-server'));
    const port = await freePort();
    const env = {
      ...process.env,
      PATH: `${bin}${path.delimiter}${process.env.PATH}`,
      SERVER_CONF: here(conf).replace(/\$\{REDIS_PASSWORD[^}]*\}/g, 'secret'),
      // Not the one of the name, which nobody knows here.
      PLACE: `${place.replace('valkey-1 6379', '127.0.0.1 1')}bind 127.0.0.1\nport ${port}\n`
    };
    const launch = () => spawnOwned(shell, [flag, here(script)], { env, cwd: dir, stdio: 'ignore' });
    const asked = async (work) => {
      const client = new Redis({ host: '127.0.0.1', port, password: 'secret', enableReadyCheck: false });
      client.on('error', () => {});
      try {
        return await work(client);
      } finally {
        client.disconnect();
      }
    };
    const ended = (child) =>
      until(() => child.exitCode !== null || child.signalCode !== null, { message: 'the end of the server' });

    const first = launch();
    await asked(async (client) => {
      assert.equal((await client.role())[0], 'slave');
      // As a Sentinel makes one the master.
      await client.replicaof('NO', 'ONE');
      await client.config('REWRITE');
    });
    first.kill();
    await ended(first);
    const second = launch();
    assert.equal((await asked((client) => client.role()))[0], 'master');
    second.kill();
    await ended(second);
  }
);
