'use strict';

// Lost updates: none. Random faults in a run of continuous deploys.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { openProxiedInstances } = require('./support/proxied-instances.js');
const { count } = require('./support/counts.js');
const { inflict, pause } = require('./support/faults.js');
const { SEED, createRandom } = require('./support/random.js');

const FAULTS = count(32, 1000);
const CLUSTERS = 4;
const ANSWER_WITHIN = 5000;

/** Deploys until `stop()`, which resolves after the last one. */
function deployContinuously(cluster, random) {
  let going = true;
  const run = (async () => {
    while (going) {
      await cluster.deploy();
      await pause(random.whole(0, 120));
    }
  })();
  return () => {
    going = false;
    return run;
  };
}

async function runFaults(cluster, random, faults, results) {
  for (let number = 1; number <= faults; number += 1) {
    const stop = deployContinuously(cluster, random);
    await pause(random.whole(0, 150));
    const { name, within } = await inflict(cluster, random);
    // The clock runs from here on, also while the last deploy has no answer yet.
    const stopped = stop();
    try {
      results.push({ name, ...(await cluster.converge(within)) });
      await stopped;
      assert.deepEqual(cluster.problems, []);
    } catch (error) {
      throw new Error(`fault ${number} of ${cluster.name}, seed ${SEED}, ${name}: ${error.message}\n${cluster.logs()}`);
    }
  }
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
const say = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `median ${quantile(sorted, 0.5).toFixed(0)} ms, 99 % ${quantile(sorted, 0.99).toFixed(0)} ms, worst ${sorted.at(-1).toFixed(0)} ms`;
};

test(
  `${FAULTS} random faults in continuous deploys: no update is lost, none goes backwards`,
  { timeout: 3_600_000 },
  async (t) => {
    t.diagnostic(`FAULT_SEED=${SEED}`);
    const results = [];
    const clusters = await Promise.all(Array.from({ length: CLUSTERS }, (_, i) => openProxiedInstances(`c${i}`)));
    try {
      await Promise.all(
        clusters.map((cluster) => {
          const random = createRandom(cluster.name);
          return runFaults(cluster, random, Math.ceil(FAULTS / CLUSTERS), results);
        })
      );
    } finally {
      await Promise.all(clusters.map((cluster) => cluster.close()));
    }
    const deploys = clusters.flatMap(({ deployTimes }) => deployTimes);
    t.diagnostic(`${results.length} faults, ${deploys.length} deploys`);
    t.diagnostic(`converged after all were connected: ${say(results.map(({ converged }) => converged))}`);
    t.diagnostic(`connected again after the fault: ${say(results.map(({ back }) => back))}`);
    t.diagnostic(`a deploy answered: ${say(deploys)}`);
    assert.ok(Math.max(...deploys) < ANSWER_WITHIN, `a deploy took ${Math.max(...deploys)} ms`);
  }
);
