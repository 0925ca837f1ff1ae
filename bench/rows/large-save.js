'use strict';

// What a deploy of 6 MB costs the storage: how long Node-RED waits in `saveFlows`, how long the event
// loop is busy meanwhile, and the most memory that the processes have had. Without compression and with.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { timeWithProbes } = require('../measure/deploy.js');
const { line, moreThan } = require('../measure/line.js');
const { canMeasure, forgetPeak, peak } = require('../measure/memory.js');
const { alternate } = require('../measure/samples.js');
const { startFleet } = require('../subjects.js');

const PAUSE = 500;

const FLEETS = {
  default: ['default', {}],
  uncompressed: ['valkey', { valkey: { enableCompression: false } }],
  compressed: ['valkey', { valkey: { enableCompression: true } }]
};

async function measureDeploy(fleet, flows, version, arrivals) {
  await delay(PAUSE);
  const pids = { admin: fleet.admin.pid, worker: fleet.workers[0].pid };
  if (canMeasure) {
    Object.values(pids).forEach(forgetPeak);
  }
  const { admin } = await timeWithProbes(fleet, flows, version, { arrivals });
  const [{ took, busy }] = admin.saves;
  const memory = canMeasure ? { admin: peak(pids.admin), worker: peak(pids.worker) } : {};
  return { took, busy, ...memory };
}

/** Lines for one way to store, beside default storage. */
function linesFor(name, samples) {
  const beside = (what) => ({ valkey: samples[what][name], default: samples[what].default });
  return [
    line(`admin's saveFlows, ${name}`, 'ms', beside('took'), moreThan('default', 40, 'ms')),
    line(`event loop busy in it, ${name}`, 'ms', beside('busy'), moreThan('default', 12, 'ms'))
  ];
}

function memoryLines(name, samples) {
  const beside = (what) => ({ valkey: samples[what][name], default: samples[what].default });
  return ['worker', 'admin'].map((role) =>
    line(`memory of the ${role} at its highest, ${name}`, 'MB', beside(role), moreThan('default', 40, 'MB'))
  );
}

module.exports = {
  name: 'large-save',
  title: 'saveFlows of 6 MB',

  async run({ times }) {
    const nodes = times(20_000, 400);
    const server = await startServer();
    const arrivals = await openArrivals();
    const fleets = {};
    try {
      for (const [name, [subject, more]] of Object.entries(FLEETS)) {
        const flows = largeFlow('first', nodes);
        fleets[name] = await startFleet(subject, { server, flows, settings: arrivals.settings, probes: true, ...more });
        await arrivals.of(fleets[name].workers[0], 'first');
      }
      const measure = (name, round) => {
        const version = `version ${round}`;
        return measureDeploy(fleets[name], largeFlow(version, nodes), version, arrivals);
      };
      const samples = await alternate(Object.keys(fleets), times(6, 1), measure, (name) => name);
      const names = ['uncompressed', 'compressed'];
      return [
        ...names.flatMap((name) => linesFor(name, samples)),
        ...(canMeasure ? names.flatMap((name) => memoryLines(name, samples)) : [])
      ];
    } finally {
      await Promise.all(Object.values(fleets).map((fleet) => fleet.stop()));
      arrivals.close();
      await server.stop();
    }
  }
};
