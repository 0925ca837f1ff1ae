'use strict';

// What placement relies on in Node-RED: of the one in node_modules and of those that the matrix has fetched.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hookFlows } = require('../../lib/placement/hook');
const { deviation } = require('../../lib/placement/hook/expectation');
const { installations, loadFlows } = require('../support/installations');

const FLOWS = () => [
  { id: 'a', type: 'tab', label: 'A', disabled: false, env: [{ name: 'X', value: '1', type: 'str' }] },
  { id: 'b', type: 'tab', label: 'B', disabled: false },
  { id: 'off', type: 'tab', label: 'Off', disabled: true },
  { id: 'a1', type: 'debug', z: 'a', x: 1, y: 1, wires: [] },
  { id: 'lost', type: 'debug', z: 'no-such-tab', x: 1, y: 1, wires: [] },
  { id: 'server', type: 'tls-config' }
];

for (const installation of installations()) {
  const { version } = require(installation);

  test(`Node-RED ${version} is as expected, and takes the tabs for disabled that don't run here`, () => {
    const { flows, util, runtime } = loadFlows(installation);
    assert.equal(deviation({ flows, util }), undefined);
    const original = util.parseConfig;

    const hook = hookFlows(runtime, {
      runsNothing: false,
      fateOf: (id) => ({ a: { runs: true, fence: 12 }, b: { runs: false } })[id] || { runs: true }
    });
    assert.equal(hook.problem, undefined);
    assert.notEqual(util.parseConfig, original);

    const parsed = util.parseConfig(FLOWS());
    assert.deepEqual(
      Object.values(parsed.flows).map(({ id, disabled }) => [id, disabled]),
      [
        ['a', false],
        ['b', true],
        ['off', true],
        ['no-such-tab', undefined]
      ]
    );
    assert.deepEqual(parsed.flows.a.env, [
      { name: 'X', value: '1', type: 'str' },
      { name: 'CLUSTER_FENCE', value: '12', type: 'num' }
    ]);
    // What it compares and shows of single nodes is the copy of this.
    assert.equal(parsed.allNodes.b.disabled, false);
    assert.equal(parsed.allNodes.a.env.length, 1);

    // Node-RED's own look for what differs goes by it.
    const { added, removed, changed } = util.diffConfigs(
      parsed,
      (() => {
        hookFlows(runtime, { runsNothing: false, fateOf: (id) => ({ runs: id !== 'a' }) });
        return util.parseConfig(FLOWS());
      })()
    );
    assert.deepEqual(added, ['b']);
    assert.deepEqual(removed.sort(), ['a', 'a1']);
    assert.deepEqual(changed, []);
  });

  test(`Node-RED ${version}: where nothing runs, that goes for configuration nodes too, and no copy shows it`, () => {
    const { util, runtime } = loadFlows(installation);
    const hook = hookFlows(runtime, { runsNothing: true, fateOf: () => ({ runs: true }) });
    const parsed = util.parseConfig(FLOWS());
    assert.ok(Object.values(parsed.flows).every(({ disabled }) => disabled === true));
    assert.equal(parsed.configs.server.d, true);
    assert.equal(Object.hasOwn(JSON.parse(JSON.stringify(parsed.configs.server)), 'd'), false);

    hook.close();
    assert.equal(util.parseConfig(FLOWS()).flows.a.disabled, false, 'closed, it decides nothing');
  });
}

/** As a start would be that does something else between its announcement and its look. */
async function startsLater(events, activeFlowConfig, id) {
  events.emit('flows:starting');
  await events;
  return activeFlowConfig.flows[id].disabled;
}

test('a Node-RED in which something is not as known is left as it is, and it is said what', () => {
  const { flows, util } = loadFlows(installations()[0]);
  const replaced = [
    [{ util: { ...util, parseConfig: undefined } }, /parseConfig is not the function/],
    [{ util: { ...util, parseConfig: (_config, _options) => ({}) } }, /parseConfig is not the function/],
    [{ flows: { ...flows, setFlows: () => {} } }, /parseConfig is not called/],
    [{ flows: { ...flows, startFlows: () => {} } }, /a start does not look/],
    [{ flows: { ...flows, startFlows: startsLater } }, /a start does not announce itself/],
    [{ flows: { ...flows, eachNode: () => {} } }, /eachNode does not show/],
    [{ util: { ...util, diffConfigs: () => {} } }, /the look for what differs/],
    [{ flows: { ...flows, getFlow: undefined } }, /getFlow is not/]
  ];
  for (const [parts, expected] of replaced) {
    assert.match(deviation({ flows, util, ...parts }), expected);
  }
  const elsewhere = hookFlows({ nodes: { getFlows() {} } }, { runsNothing: false, fateOf: () => ({ runs: true }) });
  assert.match(elsewhere.problem, /not found among the loaded files/);
});
