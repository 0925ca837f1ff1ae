'use strict';

// The server is killed, and a deploy made meanwhile: from the moment that the server answers again until
// the worker runs it. Alone: of the plain module a worker that connects after its admin has missed the
// deploy for good.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { atMost, line } = require('../measure/line.js');
const { startedAgain } = require('../measure/server-answers.js');
const { withFleets } = require('../subjects.js');

/** A connection that is lost sooner than this after it was made belongs to the outage before. */
const GOOD_AFTER = 1_500;

async function measureOutage(server, fleet, version, ms) {
  await delay(GOOD_AFTER);
  await server.kill();
  const began = performance.now();
  const posted = fleet.admin.deploy(smallFlow(version), { type: 'nodes', deadline: 60_000 });
  await delay(ms - (performance.now() - began));
  const back = await startedAgain(server);
  await answered(fleet.workers[0], version);
  const took = performance.now() - back;
  await posted;
  return took;
}

async function outages(server, fleet, ms, rounds) {
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    samples.push(await measureOutage(server, fleet, `${ms} ${round}`, ms));
  }
  return { valkey: samples };
}

module.exports = {
  name: 'outages',
  title: 'Outage of the server',

  async run({ times }) {
    const server = await startServer({ persist: true });
    try {
      return await withFleets(['valkey'], { server, flows: smallFlow('first') }, async ([fleet]) => {
        await answered(fleet.workers[0], 'first');
        const short = await outages(server, fleet, times(1_000, 200), times(11, 1));
        const long = await outages(server, fleet, times(10_000, 500), times(5, 1));
        return [
          line('server answers after 1 s until the worker runs the new deploy', 'ms', short, atMost(150, 'ms')),
          line('the same after 10 s', 'ms', long, atMost(400, 'ms'))
        ];
      });
    } finally {
      await server.stop();
    }
  }
};
