'use strict';

// Which nodes a flow stops when it is handed the list of all, beside what it does with the whole list: of the Node-RED in
// node_modules and of those that the matrix has fetched.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { narrowStops } = require('../../lib/flows/stopping');
const { installations, loadFlows } = require('../support/installations');
const { createRandom } = require('../support/random-numbers.js');

const NODES = 400;

const idOf = (index) => (index % 9 === 0 ? `${index}` : `n${index}`);

/** A tab that runs a few of all nodes, and what it has stopped. */
function tabOf(Flow, isOwn) {
  const stopped = [];
  const activeNodes = {};
  const configs = {};
  for (let index = 0; index < NODES; index += 1) {
    const id = idOf(index);
    if (isOwn(index)) {
      activeNodes[id] = {
        id,
        type: 'change',
        async close(removed) {
          stopped.push([id, removed]);
        }
      };
    }
    if (index % 5 === 0) {
      configs[id] = { id };
    }
  }
  const tab = Object.assign(Object.create(Flow.prototype), {
    ...{ activeNodes, flow: { configs }, subflowInstanceNodes: {}, TYPE: 'flow', trace() {} }
  });
  return { tab, stopped };
}

for (const installation of installations()) {
  const { version } = require(installation);

  test(`Node-RED ${version}: each flow stops the same nodes, in the same order`, async () => {
    const { flow, runtime } = loadFlows(installation);
    const log = { trace() {}, debug() {}, _: (text) => text };
    flow.init({ settings: {}, log });
    const { stop } = flow.Flow.prototype;
    const told = [];
    narrowStops(runtime, { info: (text) => told.push(text) });
    assert.deepEqual(told, []);
    const narrowed = flow.Flow.prototype.stop;
    assert.notEqual(narrowed, stop);

    const random = createRandom(5);
    for (let round = 0; round < 60; round += 1) {
      const share = 1 + random(4);
      const list = () => Array.from({ length: random(900) }, () => idOf(random(NODES)));
      const lists = [random(10) === 0 ? null : list(), random(10) === 0 ? undefined : list()];
      if (lists[0] && random(10) === 0) {
        lists[0].push('toString'.slice(random(2) * 2));
      }
      const [one, other] = [stop, narrowed].map(() => tabOf(flow.Flow, (index) => index % share === 0));
      const outcomes = [];
      for (const [call, { tab, stopped }] of [
        [stop, one],
        [narrowed, other]
      ]) {
        const failed = await Promise.resolve()
          .then(() => call.apply(tab, lists))
          .then(
            () => undefined,
            (error) => error.name
          );
        outcomes.push({ failed, stopped, left: Object.keys(tab.activeNodes) });
      }
      assert.deepEqual(outcomes[1], outcomes[0]);
    }
  });

  test(`Node-RED ${version}: another way to stop stays as it is`, () => {
    const { flow, runtime } = loadFlows(installation);
    const other = () => Promise.resolve();
    flow.Flow.prototype.stop = other;
    const told = [];
    narrowStops(runtime, { info: (text) => told.push(text) });
    assert.equal(flow.Flow.prototype.stop, other);
    assert.equal(told.length, 1);
  });
}
