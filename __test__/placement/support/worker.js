'use strict';

// A worker in a real Node-RED in this process, with leases that the test hands out.

const { createPlacement } = require('../../../lib/placement');
const { startInstance } = require('../../reload/support/instance');
const { createLeases } = require('./leases');

const ONCE = [{ name: 'CLUSTER_PLACEMENT', value: 'once', type: 'str' }];

function base(env = ONCE) {
  return [
    { id: 'a', type: 'tab', label: 'Timers', disabled: false, env },
    { id: 'b', type: 'tab', label: 'B' },
    { id: 'c', type: 'tab', label: 'Other', env: ONCE },
    { id: 'sf', type: 'subflow', name: 'S', in: [{ x: 1, y: 1, wires: [{ id: 'sf1' }] }], out: [], env: [] },
    { id: 'sf1', type: 'probe', z: 'sf', value: 'inner', x: 1, y: 1, wires: [['sf2']] },
    { id: 'sf2', type: 'probe', z: 'sf', value: 'inner', x: 1, y: 1, wires: [[]] },
    { id: 'server', type: 'probe-server', value: 'host' },
    { id: 'g', type: 'group', z: 'a', name: 'G', nodes: ['a1', 'a2'], x: 1, y: 1, w: 1, h: 1 },
    { id: 'a0', type: 'probe-server', z: 'a', value: 'own' },
    {
      id: 'a1',
      type: 'probe',
      z: 'a',
      g: 'g',
      value: '${CLUSTER_FENCE}',
      server: 'server',
      x: 1,
      y: 1,
      wires: [['a2']]
    },
    { id: 'a2', type: 'probe-plain', z: 'a', g: 'g', value: 2, x: 2, y: 1, wires: [['out', 'a4']] },
    { id: 'out', type: 'link out', z: 'a', mode: 'link', links: ['in'], x: 1, y: 1, wires: [] },
    { id: 'a4', type: 'subflow:sf', z: 'a', x: 3, y: 1, wires: [], env: [] },
    { id: 'in', type: 'link in', z: 'b', links: ['out'], x: 1, y: 1, wires: [['b1']] },
    { id: 'b1', type: 'probe', z: 'b', value: 1, x: 1, y: 1, wires: [['out2']] },
    { id: 'out2', type: 'link out', z: 'b', mode: 'link', links: ['in2'], x: 1, y: 1, wires: [] },
    { id: 'in2', type: 'link in', z: 'a', links: ['out2'], x: 1, y: 1, wires: [[]] },
    { id: 'c1', type: 'probe', z: 'c', value: 1, x: 1, y: 1, wires: [[]] }
  ];
}
const edited = (edit, env) => {
  const flows = base(env);
  edit((id) => flows.find((node) => node.id === id));
  return flows;
};

/** In ms. */
const LEASE = 500;
/** The nodes of the first tab. */
const OF_A = ['a0', 'a1', 'a2', 'sf1', 'sf2'];

/** `options` are those of the instance. */
async function startOnceWorker(options = {}) {
  const leases = createLeases();
  let placement;
  let once;
  const instance = await startInstance({
    flows: base(),
    ...options,
    onInit({ runtime, reload, told }) {
      const log = Object.fromEntries(
        ['error', 'warn', 'info', 'debug'].map((level) => [level, (text) => told.push({ level, text })])
      );
      const checked = { labels: [], runFlows: true, onceLease: LEASE, onceWhenAway: 'stop' };
      placement = createPlacement({ role: 'worker', options: checked, runtime, log });
      once = placement.runOnce({ leases, reload });
      leases.onChange(once.leasesChanged);
    }
  });
  return { instance, leases, placement, once, ...looksAt({ instance, leases, placement }) };
}

/** What is seen of such a worker. */
function looksAt({ instance, leases, placement }) {
  const isHere = (name) => placement.state().tabs.some((tab) => tab.name === name);
  return {
    isHere,
    untilHere: (name, wanted = true) => instance.until(() => isHere(name) === wanted, `${name} here: ${wanted}`),
    untilWanted: (...tabs) =>
      instance.until(() => String(leases.wanted) === String(tabs), `wanted ${tabs} (last: ${leases.wanted})`),
    lines: (pattern) => instance.told.filter(({ text }) => pattern.test(text))
  };
}

module.exports = { LEASE, OF_A, ONCE, base, edited, startOnceWorker };
