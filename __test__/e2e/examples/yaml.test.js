'use strict';

// What the YAML files of the examples promise: how they are started, and who reaches what. Their form
// is checked by `npm run lint:examples`.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { version: VERSION } = require('../../../package.json');

const EXAMPLES = path.join(__dirname, '..', '..', '..', 'examples');
const COMPOSE = ['docker/compose.yaml', 'sentinel/compose.yaml'];
const KUBERNETES = ['config', 'valkey', 'admin', 'worker', 'ingress', 'kustomization'].map(
  (name) => `kubernetes/${name}.yaml`
);
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
    // Whatever is published, is so for this machine.
    const published = all(read(name), /^ {6}- "([\d.:-]+)"$/gm);
    assert.ok(published.length >= 2 && published.every((port) => port.startsWith('127.0.0.1:')), published.join());
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

test('Compose: the proxy asks the port and the path of the probes, and there is a volume for each worker', () => {
  const proxy = read('docker/haproxy.cfg');
  assert.match(read('docker/Dockerfile'), /ENV HEALTH_PORT=9080\n/);
  assert.match(proxy, /option httpchk GET \/health\/ready\n/);
  assert.match(proxy, /server-template worker \d+ worker:1880 .* check port 9080 /);
  assert.match(read('docker/compose.yaml'), /"127\.0\.0\.1:1881:8080"/);
  assert.match(proxy, /bind :8080\n/);
  for (const name of COMPOSE) {
    assert.match(read(name), /^ {6}- \/data$/m, name);
  }
});

test('Compose: the configuration of the proxy is taken by a real one, where there is one', (t) => {
  const file = path.join(EXAMPLES, 'docker', 'haproxy.cfg');
  const { error, status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  if (error) {
    t.skip(error.message);
    return;
  }
  assert.equal(status, 0, stderr);
});

test('Kubernetes: the image is named once, all files are applied, and no pod has what it does not need', () => {
  const kustomization = read('kubernetes/kustomization.yaml');
  const listed = all(kustomization, /^ {2}(?:# )?- (\w+\.yaml)$/gm);
  const there = fs.readdirSync(path.join(EXAMPLES, 'kubernetes'));
  assert.deepEqual([...listed, 'kustomization.yaml'].sort(), there.sort());
  const [, image] = /- name: (\S+)\n {4}newName: registry\.example\/node-red-valkey\n/.exec(kustomization);
  assert.match(kustomization, new RegExp(`newTag: ${VERSION}\n`));
  for (const name of ['admin', 'worker', 'valkey']) {
    const yaml = read(`kubernetes/${name}.yaml`);
    assert.match(yaml, /^ {6}automountServiceAccountToken: false\n {6}enableServiceLinks: false\n/m, name);
    assert.match(yaml, /^ {8}runAsNonRoot: true$/m, name);
    assert.equal(all(yaml, /^ +image: (\S+)$/gm)[0], name === 'valkey' ? 'valkey/valkey:9.1.2-alpine' : image);
  }
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
