'use strict';

// The flows that are deployed. Which version runs shows in two ways: `GET /value` answers it, and a
// node tells it to `measure/arrivals.js` the moment it starts.

const { valueFlow } = require('../__test__/support/request-flow.js');

/** 11 nodes, one of which answers `GET /value` with the version. */
function smallFlow(version) {
  const place = { z: 'more-tab', x: 100, y: 100 };
  const changes = Array.from({ length: 6 }, (_, index) => ({
    id: `more-${index}`,
    type: 'change',
    ...place,
    name: `step ${index}`,
    rules: [{ t: 'set', p: 'payload', pt: 'msg', to: `value ${index}`, tot: 'str' }],
    wires: index < 5 ? [[`more-${index + 1}`]] : []
  }));
  return [...valueFlow(version), { id: 'more-tab', type: 'tab', label: 'more' }, ...changes];
}

/** The node that tells its version when it starts. */
function teller(version, tab) {
  return {
    id: 'teller',
    type: 'function',
    z: tab,
    name: version,
    func: 'return msg;',
    outputs: 1,
    initialize: `global.get('arrived')(${JSON.stringify(version)});`,
    finalize: '',
    libs: [],
    x: 100,
    y: 60,
    wires: [[]]
  };
}

const NODES_A_TAB = 200;

/**
 * Many nodes of about 300 bytes each, 20,000 of them are 6 MB: tabs of change nodes in a row, and the
 * one that tells its version.
 *
 * @param {string} version
 * @param {number} nodes
 * @param {boolean} [everywhere] each node has the version in its name, not that one alone
 */
function largeFlow(version, nodes, everywhere = false) {
  const tabs = Math.ceil(nodes / NODES_A_TAB);
  const flow = [];
  for (let tab = 0; tab < tabs; tab += 1) {
    flow.push({ id: `tab-${tab}`, type: 'tab', label: `Tab ${tab}`, disabled: false, info: '', env: [] });
  }
  for (let index = flow.length; index < nodes - 1; index += 1) {
    flow.push({
      id: `node-${index}`,
      type: 'change',
      z: `tab-${index % tabs}`,
      name: everywhere ? `node ${index} of ${version}` : `node ${index}`,
      rules: [
        {
          t: 'set',
          p: 'payload',
          pt: 'msg',
          to: `what node ${index} sets, a text of some length as texts are`,
          tot: 'str'
        }
      ],
      action: '',
      property: '',
      from: '',
      to: '',
      reg: false,
      x: 100 + (index % 10) * 100,
      y: 100 + (index % 40) * 40,
      wires: [[`node-${index + tabs}`]]
    });
  }
  // Node-RED starts one tab after the other.
  flow.push(teller(version, `tab-${tabs - 1}`));
  return flow;
}

module.exports = { largeFlow, smallFlow };
