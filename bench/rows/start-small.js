'use strict';

// Start of a process with 11 nodes, until the route of one of them answers; and its memory then.

const { setTimeout: delay } = require('node:timers/promises');
const { startServer } = require('../../__test__/support/server.js');
const { smallFlow } = require('../flows.js');
const { answered } = require('../measure/answer.js');
const { line, moreThan, ratioTo } = require('../measure/line.js');
const { canMeasure, resident } = require('../measure/memory.js');
const { alternate } = require('../measure/samples.js');
const { startedAnew } = require('../measure/start.js');
const { withFleets } = require('../subjects.js');

const ASK = 4;
/** What is done once after a start has been done by then. */
const SETTLED = 700;

module.exports = {
  name: 'start-small',
  title: 'Start with 11 nodes',

  async run({ times }) {
    const server = await startServer();
    try {
      const options = { server, flows: smallFlow('first') };
      return await withFleets(['valkey', 'default', 'plain'], options, async ([ours, plain, straightforward]) => {
        await answered(ours.workers[0], 'first');
        const instances = {
          default: plain.admin,
          admin: ours.admin,
          worker: ours.workers[0],
          plain: straightforward.workers[0]
        };
        const measure = async (name) => {
          const instance = instances[name];
          const began = await startedAnew(instance);
          await answered(instance, 'first', { interval: ASK });
          const took = performance.now() - began;
          await delay(SETTLED);
          return { took, ...(canMeasure ? { memory: resident(instance.pid) } : {}) };
        };
        const { took, memory } = await alternate(Object.keys(instances), times(10, 1), measure, (name) => name);
        const beside = (samples, role) => ({ valkey: samples[role], default: samples.default, plain: samples.plain });
        return ['admin', 'worker'].flatMap((role) => [
          line(`${role}: process started until the route answers`, 'ms', beside(took, role), ratioTo('default', 1.05)),
          ...(memory ? [line(`${role}: memory then`, 'MB', beside(memory, role), moreThan('default', 8, 'MB'))] : [])
        ]);
      });
    } finally {
      await server.stop();
    }
  }
};
