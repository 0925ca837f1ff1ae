'use strict';

const { until } = require('./wait.js');

/** A flow that answers `GET /value` with a text. */
function valueFlow(value) {
  // Without a place on the canvas a node is taken for a configuration node.
  const place = { z: 'tab', x: 100, y: 100 };
  return [
    { id: 'tab', type: 'tab', label: 'value' },
    { id: 'in', type: 'http in', ...place, url: '/value', method: 'get', wires: [['text']] },
    {
      id: 'text',
      type: 'change',
      ...place,
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: value, tot: 'str' }],
      wires: [['out']]
    },
    { id: 'out', type: 'http response', ...place, wires: [] }
  ];
}

/** Waits until an instance answers so; returns how many ms it took. */
async function answers(instance, value, deadline = 15_000) {
  const began = performance.now();
  // A request that meets the restart of its node is never answered.
  await until(async () => (await instance.http('/value', { deadline: 200 })).text === value, {
    deadline,
    interval: 5,
    message: () => `answer '${value}'; ${instance.tail(15)}`
  });
  return performance.now() - began;
}

module.exports = { valueFlow, answers };
