'use strict';

const { until } = require('./wait.js');

/** A flow of its own tab that answers `GET /<name>` with what a node makes of the request. */
function requestFlow(name, node) {
  // Without a place on the canvas a node is taken for a configuration node.
  const place = { z: `${name}-tab`, x: 100, y: 100 };
  return [
    { id: `${name}-tab`, type: 'tab', label: name },
    { id: `${name}-in`, type: 'http in', ...place, url: `/${name}`, method: 'get', wires: [[name]] },
    { id: name, ...place, wires: [[`${name}-out`]], ...node },
    { id: `${name}-out`, type: 'http response', ...place, wires: [] }
  ];
}

/** A flow that answers `GET /value` with a text. */
function valueFlow(value) {
  return requestFlow('value', {
    type: 'change',
    rules: [{ t: 'set', p: 'payload', pt: 'msg', to: value, tot: 'str' }]
  });
}

/** Waits until an instance answers so; returns how many ms it took. */
async function answers(instance, value, deadline = 30_000) {
  const began = performance.now();
  // A request that meets the restart of its node is never answered.
  await until(async () => (await instance.http('/value', { deadline: 200 })).text === value, {
    deadline,
    interval: 5,
    message: () => `answer '${value}'; ${instance.tail(15)}`
  });
  return performance.now() - began;
}

module.exports = { answers, requestFlow, valueFlow };
