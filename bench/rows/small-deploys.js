'use strict';

// A deploy of a small flow: from the beginning of the POST until the worker answers the new version.
// Deploys 300 ms apart, as a person makes them, and 20 in a row, as a script does.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { timeDeploy } = require('../measure/deploy.js');
const { line, ratioTo, toBeSeen } = require('../measure/line.js');
const { alternate } = require('../measure/samples.js');
const { withFleets } = require('../subjects.js');

const APART = 300;
const IN_A_ROW = 20;

let versions = 0;
const nextVersion = () => `version ${(versions += 1)}`;

async function deploySmall(fleet) {
  const version = nextVersion();
  return timeDeploy(fleet, smallFlow(version), version);
}

/** The median of a series, each deploy begun when the worker has answered the one before. */
async function deployInARow(fleet, times) {
  const took = [];
  for (let index = 0; index < times; index += 1) {
    took.push((await deploySmall(fleet)).worker);
  }
  return took;
}

module.exports = {
  name: 'small-deploys',
  title: 'Deploy of 11 nodes',

  async run({ times }) {
    const server = await startServer();
    try {
      const first = nextVersion();
      const subjects = ['valkey', 'default', 'plain'];
      return await withFleets(subjects, { server, flows: smallFlow(first) }, async (fleets) => {
        await Promise.all(fleets.map(({ workers }) => answered(workers[0], first)));
        // The first of all compile what runs.
        for (const fleet of fleets) {
          await deployInARow(fleet, times(5, 1));
        }
        const apart = await alternate(fleets, times(30, 2), async (fleet) => {
          await delay(APART / fleets.length);
          return deploySmall(fleet);
        });
        const series = { valkey: [], default: [], plain: [] };
        for (let round = 0; round < times(4, 1); round += 1) {
          for (const fleet of fleets) {
            series[fleet.subject].push(...(await deployInARow(fleet, times(IN_A_ROW, 3))));
          }
        }
        return [
          line('POST begun until the worker answers, 300 ms apart', 'ms', apart.worker, ratioTo('plain', 0.85)),
          line('the same, 20 in a row', 'ms', series, ratioTo('plain', 0.85)),
          line('POST until it is answered, 300 ms apart', 'ms', apart.post, toBeSeen)
        ];
      });
    } finally {
      await server.stop();
    }
  }
};
