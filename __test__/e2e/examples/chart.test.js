'use strict';

// The chart of the examples, rendered by Helm's own engine. `npm run lint:examples` checks its form, and what it
// renders against the schemas of Kubernetes; here is what it promises. No orchestrator is started.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');

const { CHART, VALUES } = require('../../../scripts/chart-values.js');
const { fetchValidator, renderChart } = require('../../../scripts/example-validators.js');
const { adminLine, stateLine, workerLine } = require('../../support/acl.js');

const ROOT = path.join(__dirname, '..', '..', '..');
const { version: VERSION } = require('../../../package.json');

let reason;
before(() => {
  reason = fetchValidator('chart');
});

/** The objects of a set of values, by kind and name. */
function rendered(t, values) {
  if (reason) {
    t.skip(reason);
    return undefined;
  }
  const { error, lint, objects } = renderChart(CHART, values);
  assert.deepEqual([error, lint], [undefined, []]);
  return Object.fromEntries(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
}

const podsOf = (objects) =>
  Object.values(objects)
    .filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
    .map(({ spec }) => spec.template.spec);

test('every set of values is linted without a word, and renders', (t) => {
  for (const values of Object.values(VALUES)) {
    rendered(t, values);
  }
});

test('the users are those of the documents, with the prefix that is set', (t) => {
  for (const [values, prefix] of [
    [VALUES.plain, 'nodered:'],
    [VALUES.ingress, VALUES.ingress.keyPrefix]
  ]) {
    const objects = rendered(t, values);
    if (objects) {
      const { adminPassword, workerPassword, statePassword } = values.secret;
      const lines = [
        'user default off',
        adminLine(prefix, adminPassword),
        workerLine(prefix, workerPassword),
        stateLine(prefix, statePassword)
      ];
      assert.equal(objects['Secret/flows'].stringData['users.acl'], `${lines.join('\n')}\n`);
    }
  }
});

test('no pod has a token or the variables of Services, or is root; and what it reads is there', (t) => {
  for (const values of [VALUES.plain, VALUES.ingress]) {
    const objects = rendered(t, values);
    if (objects) {
      checkPods(objects);
    }
  }
});

function checkPods(objects) {
  const pods = podsOf(objects);
  assert.equal(pods.length, 3);
  for (const pod of pods) {
    assert.deepEqual([pod.automountServiceAccountToken, pod.enableServiceLinks], [false, false]);
    assert.equal(pod.securityContext.runAsNonRoot, true);
    const [container] = pod.containers;
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    for (const { valueFrom } of container.env ?? []) {
      const { name, key } = valueFrom?.secretKeyRef ?? {};
      assert.ok(!name || objects[`Secret/${name}`].stringData[key], key);
    }
    for (const { configMapRef } of container.envFrom ?? []) {
      assert.ok(objects[`ConfigMap/${configMapRef.name}`]);
    }
  }
}

test('it runs the image of this version, and workers may be a version ahead', (t) => {
  const objects = rendered(t, VALUES.ingress);
  if (objects) {
    const imageOf = (name) => objects[name].spec.template.spec.containers[0].image;
    assert.equal(imageOf('StatefulSet/flows-admin'), `registry.example/node-red-valkey:${VERSION}`);
    assert.equal(imageOf('Deployment/flows-worker'), 'registry.example/node-red-valkey:5.0.1');
    assert.ok(objects['Ingress/flows-worker']);
  }
});

test('a server of your own takes the place of the one that is made', (t) => {
  const own = rendered(t, VALUES['own-server']);
  if (own) {
    assert.equal(own['ConfigMap/flows'].data.REDIS_HOST, 'valkey.example');
    assert.deepEqual(
      Object.keys(own).filter((name) => /valkey|Secret/.test(name)),
      []
    );
    assert.equal(rendered(t, VALUES.sentinels)['ConfigMap/flows'].data.REDIS_SENTINELS, 'a:26379,b:26379');
    assert.equal(rendered(t, VALUES.cluster)['ConfigMap/flows'].data.REDIS_CLUSTER, 'a:6379,b:6379');
  }
});

test('what is missing or can not be meant is named', (t) => {
  if (reason) {
    t.skip(reason);
    return;
  }
  const { secret } = VALUES.plain;
  for (const [values, pattern] of [
    [{}, /secret\.adminPassword, or existingSecret/],
    [{ secret: { ...secret, adminPasswordHash: '' } }, /secret\.adminPasswordHash/],
    [{ secret: { ...secret, statePassword: '' } }, /secret\.statePassword/],
    [{ secret, valkey: { enabled: false } }, /server\.host, server\.sentinels or server\.cluster/],
    [{ secret, image: { tag: 'latest' } }, /\/image\/tag/],
    [{ secret, sekret: {} }, /sekret/]
  ]) {
    assert.match(renderChart(CHART, values).error, pattern);
  }
});

test('it has the probes, times and rights of the plain files', () => {
  const chart = fs.readFileSync(path.join(CHART, 'templates', '_node-red.tpl'), 'utf8').replace(/^ +/gm, '');
  for (const name of ['admin', 'worker']) {
    const plain = fs.readFileSync(path.join(ROOT, 'examples', 'kubernetes', `${name}.yaml`), 'utf8');
    const part = plain.slice(plain.indexOf('livenessProbe:'), plain.indexOf('securityContext:\n            allow'));
    const ends = plain.slice(
      plain.indexOf('securityContext:\n            allow'),
      plain.indexOf('resources:\n          ')
    );
    for (const block of [part.split('lifecycle:')[0], ends]) {
      assert.ok(block.length > 50 && chart.includes(block.replace(/^ +/gm, '')), block);
    }
  }
});
