'use strict';

const { isDeepStrictEqual } = require('node:util');

const { until } = require('../../support/wait.js');

/** A flow of nodes that tell how they were started (nodes/tracked.js): `{ <id>: { value, token } }`. */
function trackedFlow(nodes, { tab = 'tracked-tab', ...ofTab } = {}) {
  return [
    { id: tab, type: 'tab', label: tab, ...ofTab },
    ...Object.entries(nodes).map(([id, { token, type = 'tracked', ...config }]) => ({
      id,
      type,
      z: tab,
      x: 10,
      y: 10,
      wires: [],
      ...config,
      ...(token === undefined ? {} : { credentials: { token } })
    }))
  ];
}

/** What runs: `{ <id>: { starts, value, token } }`. */
async function trackedOn(instance) {
  return (await instance.http('/tracked', { deadline: 2000 })).json();
}

/** Waits until these nodes, and no others, run with this `value` and `token`; gives what runs. */
async function untilTracked(instance, wanted, deadline = 30_000) {
  let found;
  const facts = (nodes) =>
    Object.entries(nodes)
      .map(([id, { value, token }]) => [id, value, token])
      .sort();
  return until(
    async () => {
      found = await trackedOn(instance);
      return isDeepStrictEqual(facts(found), facts(wanted)) && found;
    },
    {
      deadline,
      message: () =>
        `nodes ${JSON.stringify(wanted)} (found ${JSON.stringify(found)}); the log ends:\n${instance.tail()}`
    }
  );
}

module.exports = { trackedFlow, trackedOn, untilTracked };
