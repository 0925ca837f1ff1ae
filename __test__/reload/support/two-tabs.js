'use strict';

// Tab A: a chain of two, a config node of its own and a global one. Tab B:
// nodes that no test touches unless it says so, and a subflow instance.
function base() {
  return [
    { id: 'a', type: 'tab', label: 'A', env: [{ name: 'PLACE', value: 'north', type: 'str' }] },
    { id: 'b', type: 'tab', label: 'B' },
    { id: 'off', type: 'tab', label: 'Off', disabled: true },
    { id: 'sf', type: 'subflow', name: 'S', in: [{ x: 1, y: 1, wires: [{ id: 'sf1' }] }], out: [], env: [] },
    { id: 'sf1', type: 'probe', z: 'sf', value: 'inner', x: 1, y: 1, wires: [[]] },
    { id: 'server', type: 'probe-server', value: 'host' },
    { id: 'a1', type: 'probe', z: 'a', value: 1, x: 1, y: 1, wires: [['a2']] },
    { id: 'a2', type: 'probe-plain', z: 'a', value: '${PLACE}', x: 2, y: 1, wires: [[]] },
    { id: 'a3', type: 'probe', z: 'a', value: 3, server: 'server', x: 3, y: 1, wires: [[]] },
    { id: 'b1', type: 'probe', z: 'b', value: 1, x: 1, y: 1, wires: [['b2']] },
    { id: 'b2', type: 'probe-plain', z: 'b', value: 2, x: 2, y: 1, wires: [[]] },
    { id: 'b3', type: 'subflow:sf', z: 'b', x: 3, y: 1, wires: [], env: [] },
    { id: 'off1', type: 'probe', z: 'off', value: 1, x: 1, y: 1, wires: [[]] }
  ];
}

function changed(edit) {
  const flows = base();
  edit((id) => flows.find((node) => node.id === id), flows);
  return flows;
}

module.exports = { base, changed };
