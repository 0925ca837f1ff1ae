'use strict';

// What a deploy changes, found by us, beside what Node-RED itself finds: of the Node-RED in node_modules and of those that
// the matrix has fetched.

const assert = require('node:assert/strict');
const Module = require('node:module');
const { test } = require('node:test');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { isDeepStrictEqual } = require('node:util');

const { hastenDifference, prepareDeploys } = require('../../../lib/flows/difference');
const { expectation } = require('../../../lib/flows/difference/expectation');
const { createPreparation } = require('../../../lib/flows/difference/prepared');
const { installations, loadFlows } = require('../../support/installations');
const { preparedText } = require('./prepared-text');
const { createFlows } = require('./random-flows');
const { createRandom } = require('../../support/random-numbers.js');

const ROUNDS = 4000;

/** Its look for what differs and ours. */
function loadBoth(installation) {
  const parts = loadFlows(installation);
  const theirs = parts.util.diffConfigs;
  const told = [];
  hastenDifference(parts.runtime, { info: (text) => told.push(text) });
  return { ...parts, theirs, ours: parts.util.diffConfigs, told };
}

/** Its functions for flows and for values, and how it looks. */
function loadRelease(installation) {
  const { util, flows } = loadFlows(installation);
  const values = Module.createRequire(installation)('@node-red/util').util;
  return { util, values, release: { ...expectation({ util, flows, values }), compareObjects: values.compareObjects } };
}

/** What it finds, or that it fails. */
function outcome(find, before, next) {
  let found;
  try {
    found = find(before, next);
  } catch (error) {
    return { failed: error.name };
  }
  // The order of the lists, too, in which nodes are stopped.
  return { found: JSON.stringify(found) };
}

for (const installation of installations()) {
  const { version } = require(installation);

  test(`Node-RED ${version}: the same for random flows`, () => {
    const { util, theirs, ours, told } = loadBoth(installation);
    assert.deepEqual(told, []);
    assert.notEqual(ours, theirs);
    const read = (flows) => util.parseConfig(structuredClone(flows));

    const random = createRandom(11);
    const { flows, changed } = createFlows(random);
    const seen = {};
    let last = flows();
    let before = null;
    for (let round = 0; round < ROUNDS; round += 1) {
      const nodes = round % 40 === 0 ? flows() : changed(last);
      let next;
      try {
        next = read(nodes);
      } catch {
        continue;
      }
      const expected = outcome(theirs, before, next);
      const copy = JSON.stringify(next);
      assert.deepEqual(outcome(ours, before, next), expected, JSON.stringify([last, nodes]));
      assert.equal(JSON.stringify(next), copy);
      for (const [name, list] of Object.entries(JSON.parse(expected.found || '{"failed":[1]}'))) {
        seen[name] = (seen[name] || 0) + (list.length > 0 || list === true ? 1 : 0);
      }
      // As Node-RED does once it has compared them.
      Object.values(next.allNodes).forEach((node) => delete node.credentials);
      [last, before] = [nodes, next];
    }
    for (const [name, times] of Object.entries(seen)) {
      assert.ok(times > 5, `${name}: ${times}`);
    }
  });

  test(`Node-RED ${version}: the same for what has been found before`, async () => {
    const { util, release } = loadRelease(installation);
    let before = util.parseConfig([]);
    const { prepare, prepareToSave, goOn, take } = createPreparation(release, () => before);
    const random = createRandom(3);
    const { flows, changed } = createFlows(random, { oddities: false });
    let last = [];
    let found = 0;
    let later = 0;
    for (let round = 0; round < ROUNDS / 8; round += 1) {
      // What is the same may be the same object, as on a worker.
      const nodes = changed(last).map((node) => last.find((old) => isDeepStrictEqual(old, node)) ?? node);
      await (random(4) === 0 ? prepare(nodes) : prepareToSave(nodes));
      const next = util.parseConfig(structuredClone(nodes));
      if (random(20) === 0) {
        // As placement does with a tab that does not run here any more.
        Object.values(next.flows).forEach((tab) => Object.assign(tab, { disabled: !tab.disabled }));
      }
      const difference = take(nodes, before, next);
      if (difference) {
        found += 1;
        const expected = outcome(util.diffConfigs, before, next);
        later += Object.getOwnPropertyDescriptor(difference, 'added').get ? 1 : 0;
        // Node-RED has them off its own flows before they are saved.
        Object.values(next.allNodes).forEach((node) => delete node.credentials);
        if (random(2) === 0) {
          const going = goOn(Promise.resolve(random(5) === 0 ? 'a text' : preparedText(nodes)));
          // Somebody may ask before it is done.
          await (random(4) === 0 ? nextTurn() : going);
          going.catch(assert.fail);
        }
        assert.deepEqual({ found: JSON.stringify(difference) }, expected, JSON.stringify([last, nodes]));
        assert.deepEqual(difference.linked, JSON.parse(expected.found).linked);
      }
      assert.equal(take(nodes, before, next), undefined);
      [last, before] = random(50) === 0 ? [flows(), util.parseConfig([])] : [nodes, next];
      Object.values(next.allNodes).forEach((node) => delete node.credentials);
    }
    assert.ok(found > ROUNDS / 80 && later > ROUNDS / 200, `${found} ${later}`);
  });

  test(`Node-RED ${version}: the same where objects or texts do not tell all`, async () => {
    const { util, values, release } = loadRelease(installation);
    const node = (id, more) => ({ id, type: 'change', z: 't', wires: [], ...more });
    const TAB = { id: 't', type: 'tab' };
    const stays = node('stays');
    const nameless = node('', { type: 'inject' });
    const homeless = { id: 'e', type: 'mqtt-broker', z: '' };
    const placeless = { id: 'f', type: 'mqtt-broker' };
    const endless = node('i', { v: Infinity });
    for (const [before, next] of [
      [
        [TAB, nameless, homeless, stays],
        [TAB, homeless, stays]
      ],
      [
        [TAB, node('undefined'), placeless],
        [TAB, placeless]
      ],
      [
        [TAB, endless, node('user', { named: 'i' })],
        [TAB, node('i', { v: null }), node('user', { named: 'i' })]
      ],
      [
        [TAB, node('Infinity'), endless],
        [TAB, node('Infinity', { name: 'other' }), endless]
      ],
      [
        [TAB, node('a', { name: undefined })],
        [TAB, node('a')]
      ],
      [
        [TAB, node('a', { at: new Date(0) })],
        [TAB, node('a', { at: new Date(0).toJSON() })]
      ]
    ]) {
      for (const way of ['prepare', 'prepareToSave']) {
        let last = util.parseConfig([TAB]);
        const preparation = createPreparation(release, () => last);
        for (const flows of [before, [...before], next]) {
          await preparation[way](flows);
          const read = util.parseConfig(values.cloneMessage(flows));
          const expected = outcome(util.diffConfigs, last, read);
          const difference = preparation.take(flows, last, read);
          await preparation.goOn(Promise.resolve(preparedText(flows)));
          assert.deepEqual({ found: JSON.stringify(difference) }, expected, `${way} ${JSON.stringify([before, next])}`);
          last = read;
        }
      }
    }
  });

  test(`Node-RED ${version}: a text counts for the flows that were looked at alone`, async () => {
    const { util, release } = loadRelease(installation);
    const flowsOf = (name) => [
      { id: 't', type: 'tab' },
      { id: 'n', type: 'change', z: 't', name, wires: [] }
    ];
    let last = util.parseConfig(flowsOf('first'));
    const preparation = createPreparation(release, () => last);
    const saved = (flows) => preparation.goOn(Promise.resolve(preparedText(flows)));
    /** @returns what has been found, and asks for it. */
    const look = async (flows) => {
      await preparation.prepareToSave(flows);
      const read = util.parseConfig(structuredClone(flows));
      const difference = preparation.take(flows, last, read);
      const expected = outcome(util.diffConfigs, last, read);
      last = read;
      return () => assert.deepEqual({ found: JSON.stringify(difference) }, expected);
    };
    for (const name of ['one', 'two']) {
      const check = await look(flowsOf(name));
      await saved(flowsOf(name));
      check();
    }
    // One that comes another way is looked at in between, and saved first.
    const other = flowsOf('another');
    preparation.take(other, last, util.parseConfig(structuredClone(other)));
    const check = await look(flowsOf('three'));
    await saved(other);
    await saved(flowsOf('three'));
    check();
    const next = await look(flowsOf('another'));
    await saved(other);
    next();
  });

  test(`Node-RED ${version}: another look stays as it is`, () => {
    const { flows, util, runtime } = loadFlows(installation);
    const values = Module.createRequire(installation)('@node-red/util').util;
    assert.equal(expectation({ flows, util, values }).deviation, undefined);
    const source = String(util.diffConfigs).replace(/^function *\(/, 'function diffConfigs(');
    const other = [
      { util: { ...util, diffConfigs: eval(`(${source.replace('"z"', '"y"')})`) } },
      { util: { ...util, diffNodes: (_old, _next) => true } },
      { util: {} },
      { flows: { setFlows() {} } },
      { values: {} }
    ];
    for (const change of other) {
      assert.equal(
        typeof expectation({ flows, util, values, ...change }).deviation,
        'string',
        Object.keys(change).join()
      );
    }
    const told = [];
    const replaced = (before, next) => [before, next];
    util.diffConfigs = replaced;
    hastenDifference(runtime, { info: (text) => told.push(text) });
    assert.equal(util.diffConfigs, replaced);
    assert.match(
      told.join(),
      /^Node-RED's look for what a deploy changes stays as it is.*none of those that were known$/
    );
  });
}

test('without its files, which npm may replace, it is the look of Node-RED itself', async (t) => {
  const { util, runtime } = loadFlows(installations()[0]);
  const [before, next] = [[], [{ id: 'a', type: 'tab' }]].map((flows) => util.parseConfig(flows));
  const expected = outcome(util.diffConfigs, before, next);
  const hook = hastenDifference(runtime, { info: assert.fail });
  const { _load: load } = Module;
  t.mock.method(Module, '_load', (file, ...more) => {
    if (/^\.\/(found|prepared)$/.test(file)) {
      throw new Error(`Cannot find module '${file}'`);
    }
    return load(file, ...more);
  });
  const flows = Array.from({ length: 2000 }, (_, index) => ({ id: `n${index}`, type: 'change' }));
  await hook.prepare(flows);
  await hook.prepareToSave(flows);
  assert.deepEqual(outcome(util.diffConfigs, before, next), expected);
  assert.match(expected.found, /"a"/);
});

test('the time grows with the number of nodes that differ, not with its square', () => {
  const { util, theirs, ours } = loadBoth(installations()[0]);
  /** So many nodes in a row. */
  const row = (count, name) =>
    util.parseConfig(
      Array.from({ length: count }, (_, index) => ({
        ...{ id: `n${index}`, type: 'change', name, x: 1, y: 1 },
        wires: [[`n${index + 1}`]]
      }))
    );
  const timeOf = (find, count) => {
    const [before, next] = [row(count, 'a'), row(count, 'b')];
    const began = performance.now();
    assert.equal(find(before, next).changed.length, count);
    return performance.now() - began;
  };
  timeOf(ours, 1000);
  // Far apart, whatever else the machine does.
  assert.ok(timeOf(ours, 8000) < timeOf(theirs, 8000) / 2);
});

test('deploys of the editor go on in their order, each when it has been prepared', async () => {
  const steps = [];
  const api = {
    async setFlows({ flows }) {
      steps.push(`${flows.flows} deployed`);
      return { rev: flows.flows };
    }
  };
  const prepare = async (flows) => {
    for (let turns = flows === 'large' ? 3 : 0; turns > 0; turns -= 1) {
      await nextTurn();
    }
    steps.push(`${flows} prepared`);
  };
  prepareDeploys(null, { prepareToSave: assert.fail });
  prepareDeploys(api, { prepareToSave: prepare });
  prepareDeploys(api, { prepareToSave: assert.fail });
  const deploys = ['large', 'small'].map((flows) => api.setFlows({ flows: { flows } }));
  assert.deepEqual(await Promise.all(deploys), [{ rev: 'large' }, { rev: 'small' }]);
  assert.deepEqual(
    steps.filter((step) => step.endsWith('deployed')),
    ['large deployed', 'small deployed']
  );
  assert.deepEqual(steps.slice(0, 1), ['large prepared']);
});
