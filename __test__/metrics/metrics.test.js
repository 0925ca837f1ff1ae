'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { createMetrics } = require('../../lib/metrics');
const { parseOpenMetrics } = require('./support/openmetrics.js');

const DASHBOARD = path.join(__dirname, '..', '..', 'examples', 'grafana', 'fleet.json');
const HOSTILE = '"} 1\nowned 1\\';

/** The metrics of an instance that stands so. */
function metricsOf({ role = 'worker', now = {}, known, settings = { version: '4.1.0' } } = {}) {
  return createMetrics({
    role,
    settings,
    standing: {
      now: () => ({ role, ready: true, revision: '1795933439178', connection: 'ready', missing: [], notes: [], ...now })
    },
    fleet: {
      errors: { count: () => 3 },
      reconnects: () => 2,
      delay: () => ({ p99: 1.5, max: 20 }),
      reader: { read: async () => known }
    },
    tabs: () => ['one', 'two']
  });
}

const store = { keys: 1, bytes: 20, unsent: 3, conflicts: 4 };
const WORKER = { packages: 'in step', copyAge: 7, context: { a: store } };
const known = { asOf: 1500, workers: { inStep: 1, behind: 0, notReady: 1, lost: 2 } };

async function families(options) {
  const { status, body, headers } = await metricsOf(options).answer();
  assert.equal(status, 200);
  assert.match(headers['Content-Type'], /^application\/openmetrics-text; version=1\.0\.0/);
  return parseOpenMetrics(body);
}

const valueOf = (found, name) => found[`nodered_cluster_${name}`].samples[0].value;

test('a worker shows itself', async () => {
  const found = await families({ now: WORKER });
  assert.deepEqual(
    Object.fromEntries(
      Object.keys(found)
        .filter((name) => found[name].type !== 'histogram')
        .map((name) => [name.replace('nodered_cluster_', ''), found[name].samples[0].value])
    ),
    {
      build: 1,
      ready: 1,
      revision: 1795933439178,
      connected: 1,
      reconnects: 2,
      copy_age_seconds: 7,
      restarted_nodes: 0,
      errors: 3,
      packages_in_step: 1,
      tabs_held: 2,
      context_keys: 1,
      context_bytes: 20,
      context_unsent_changes: 3,
      context_conflicts: 4,
      event_loop_delay_p99_seconds: 0.0015,
      event_loop_delay_max_seconds: 0.02
    }
  );
});

test('what is not known, or not there, is left out', async () => {
  const found = await families({ now: { ready: false, revision: null, connection: 'reconnecting', copyAge: null } });
  assert.equal(valueOf(found, 'ready'), 0);
  assert.equal(valueOf(found, 'connected'), 0);
  for (const name of ['revision', 'copy_age_seconds', 'packages_in_step', 'context_keys', 'fleet_workers']) {
    assert.ok(!(`nodered_cluster_${name}` in found), name);
  }
});

test('an admin shows all workers by state, and how old that is; before it knows any, nothing', async () => {
  const found = await families({ role: 'admin', known });
  const states = found.nodered_cluster_fleet_workers.samples.map(({ labels, value }) => [labels.state, value]);
  assert.deepEqual(states, [
    ['in_step', 1],
    ['behind', 0],
    ['not_ready', 1],
    ['lost', 2]
  ]);
  assert.equal(valueOf(found, 'fleet_age_seconds'), 1.5);
  const none = await families({ role: 'admin', known: { asOf: null, instances: [] } });
  assert.ok(!('nodered_cluster_fleet_workers' in none));
});

test('updates are counted by how long they took', async () => {
  const metrics = metricsOf();
  metrics.onUpdate({ applied: true, ms: 40, restarted: 3 });
  metrics.onUpdate({ applied: true, ms: 60_000, restarted: 1 });
  metrics.onUpdate({ applied: false, ms: 5, restarted: 0 });
  const found = parseOpenMetrics((await metrics.answer()).body);
  const { samples } = found.nodered_cluster_reload_seconds;
  const below = (le) => samples.find(({ labels }) => labels.le === le).value;
  assert.deepEqual(
    [below('0.01'), below('0.025'), below('0.05'), below('10'), below('30'), below('+Inf')],
    [0, 0, 1, 1, 1, 2]
  );
  assert.equal(samples.find(({ name }) => name.endsWith('_sum')).value, 60.04);
  assert.equal(valueOf(found, 'restarted_nodes'), 4);
});

test('no label ends early, whatever is in it', async () => {
  const found = await families({ settings: { version: HOSTILE } });
  assert.ok(!('owned' in found));
  assert.equal(found.nodered_cluster_build.samples.length, 1);
});

test('the dashboard asks for what there is', async () => {
  const own = await families({ now: WORKER });
  const all = { ...own, ...(await families({ role: 'admin', known })) };
  const samples = new Map(
    Object.values(all).flatMap((family) => family.samples.map((sample) => [sample.name, sample]))
  );
  const dashboard = JSON.parse(fs.readFileSync(DASHBOARD, 'utf8'));
  const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(asked.length >= 8);
  const names = new Set(asked.flatMap((expr) => expr.match(/nodered_\w+/g)));
  for (const name of names) {
    assert.ok(samples.has(name), name);
  }
  for (const [, name, label] of asked.join(' ').matchAll(/(nodered_\w+)\{(\w+)=/g)) {
    assert.ok(label in samples.get(name).labels || ['job', 'instance'].includes(label), `${label} of ${name}`);
  }
});
