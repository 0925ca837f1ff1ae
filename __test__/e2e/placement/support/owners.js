'use strict';

// Which workers run a tab, asked from outside.

const { until } = require('../../../support/wait.js');
const { trackedOn } = require('../../support/tracked.js');

/** What the probe of an instance says. */
async function probe(instance) {
  const response = await fetch(`http://127.0.0.1:${instance.options.valkey.health.port}/health/ready`);
  return response.json();
}

/** The instances on which the node of that tab runs. */
async function ownersOf(name, instances) {
  const found = await Promise.all(
    instances
      .filter(({ running }) => running)
      .map(async (instance) => ((await trackedOn(instance).catch(() => ({})))[`in-${name}`] ? instance : undefined))
  );
  return found.filter(Boolean);
}

/** Waits until exactly one runs it, other than `not`; gives that one. */
async function untilOwned(name, instances, { not, deadline = 30_000 } = {}) {
  let owners = [];
  return until(
    async () => {
      owners = await ownersOf(name, instances);
      return owners.length === 1 && owners[0] !== not && owners[0];
    },
    {
      deadline,
      interval: 10,
      message: () =>
        `one owner of '${name}' (now ${owners.length}); the logs end:\n${instances.map((each) => each.tail(15)).join('\n--\n')}`
    }
  );
}

/** The fence with which a tab runs on an instance, by its probe. */
async function fenceOn(instance, name) {
  const { tabs = [] } = await probe(instance);
  return tabs.find((tab) => tab.name === name)?.fence;
}

module.exports = { fenceOn, ownersOf, probe, untilOwned };
