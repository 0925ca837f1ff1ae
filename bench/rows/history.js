'use strict';

// What keeping the history adds to a deploy of 20,000 nodes, 6 MB, of which one has changed: to the admin's event
// loop, in processor time, and to the answer. The same admin without it stands beside, twice: what those two differ by
// is what the machine makes of it.

const { startServer } = require('../../__test__/support/server.js');
const { largeFlow } = require('../flows.js');
const { openArrivals } = require('../measure/arrivals.js');
const { timeWithProbes } = require('../measure/deploy.js');
const { atMost, line, toBeSeen } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { startFleet } = require('../subjects.js');

const WITHOUT = 'without';
const CONTROL = 'without, too';
/** Ms after a deploy by which its entry is made: that counts, and is not to meet the next one's deploy. */
const RECORDED = 2500;

/** What most of the samples are above of: whatever else the machine does only adds to a sample. */
const lowerQuartile = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)];

/** What a deploy with a subject takes more than one with another, in ms. */
const more = (samples, subject, other) => [lowerQuartile(samples[subject]) - lowerQuartile(samples[other])];

module.exports = {
  name: 'history',
  title: 'What keeping the history adds to a deploy',

  async run({ short, times }) {
    const nodes = times(20_000, 400);
    const server = await startServer();
    const arrivals = await openArrivals();
    const fleets = [];
    try {
      const options = { server, flows: largeFlow('first', nodes), settings: arrivals.settings, probes: true };
      fleets.push(await startFleet('valkey', options));
      for (const subject of [WITHOUT, CONTROL]) {
        fleets.push({ ...(await startFleet('valkey', { ...options, valkey: { history: false } })), subject });
      }
      await Promise.all(fleets.map(({ workers }) => arrivals.of(workers[0], 'first')));
      // Each is the first of a round as often as the others.
      const inTurn = fleets.map((_, turn) => [...fleets.slice(turn), ...fleets.slice(0, turn)]);
      const samples = { post: {}, processor: {} };
      for (let round = 0; round < times(21, 1); round += 1) {
        const taken = await alternate(inTurn[round % inTurn.length], 1, async (fleet) => {
          const version = `version ${round}`;
          const timing = { arrivals, afterwards: short ? 0 : RECORDED };
          const { post, admin } = await timeWithProbes(fleet, largeFlow(version, nodes), version, timing);
          return { post, processor: admin.processor };
        });
        for (const [what, bySubject] of Object.entries(taken)) {
          for (const [subject, values] of Object.entries(bySubject)) {
            (samples[what][subject] ||= []).push(...values);
          }
        }
      }
      const { post, processor } = samples;
      return [
        line('event loop of the admin, added', 'ms', { valkey: more(processor, 'valkey', WITHOUT) }, atMost(5, 'ms')),
        line('the same between two without it', 'ms', { valkey: more(processor, CONTROL, WITHOUT) }, toBeSeen),
        // Nothing waits for it: 0, within what the answer differs by from run to run.
        line('POST until it is answered, added', 'ms', { valkey: more(post, 'valkey', WITHOUT) }, atMost(5, 'ms')),
        line('the same between two without it', 'ms', { valkey: more(post, CONTROL, WITHOUT) }, toBeSeen)
      ];
    } finally {
      await Promise.all(fleets.map((fleet) => fleet.stop()));
      arrivals.close();
      await server.stop();
    }
  }
};
