'use strict';

// Node-RED's look for the modules of flows, handed fewer nodes, beside the original: of the Node-RED in node_modules
// and of those that the matrix has fetched.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { test } = require('node:test');

const { narrowDependencyCheck } = require('../../../lib/flows/dependencies');
const { deviation } = require('../../../lib/flows/dependencies/expectation');
const { forgetLoaded, installations } = require('../../support/installations');
const { tempDir } = require('../../support/temp-dir');
const { createRandom } = require('../../support/random-numbers.js');

const ROUNDS = 150;
/** Its registry, loaded anew, with npm runs that end at once and are noted. */
function loadRegistry(installation, settings) {
  forgetLoaded();
  const ofNodeRed = createRequire(installation);
  const registry = ofNodeRed('@node-red/registry');
  const file = ofNodeRed.resolve('@node-red/registry');
  const [externalModules, types] = ['externalModules.js', 'registry.js'].map((name) =>
    require(path.join(path.dirname(file), name))
  );
  const util = createRequire(file)('@node-red/util');
  const runs = [];
  util.exec.run = async (_command, args) => {
    runs.push(args.filter((argument) => !argument.includes(path.sep)));
    if (runs.length % 3 === 0) {
      throw Object.assign(new Error('no such package'), { stderr: 'E404' });
    }
    return { stdout: '' };
  };
  util.log.warn = () => {};
  util.log.info = () => {};
  util.log.error = () => {};
  util.log._ = (text) => text;
  externalModules.init(settings);
  return { registry, externalModules, types, runs };
}

/** As a runtime with these types hands it to `init`. */
function narrowedRegistry(installation, settings) {
  const parts = loadRegistry(installation, settings);
  const original = parts.registry.checkFlowDependencies;
  const told = [];
  narrowDependencyCheck(
    { settings, nodes: { getModuleInfo: parts.registry.getModuleInfo, getType: () => () => {} } },
    { info: (text) => told.push(text) }
  );
  return { ...parts, original, told };
}

const SUBFLOW = {
  flow: [
    { id: 'a', type: 'function', libs: [{ var: 'm', module: 'in-subflow@1' }] },
    { id: 'b', type: 'plain' },
    { id: 'c', type: 'second-subflow' }
  ]
};
const SECOND = {
  flow: [
    { id: 'd', type: 'one-module', module: 'in-second', d: true },
    { id: 'e', type: 'modules' }
  ]
};

function registerTypes({ externalModules }) {
  externalModules.register('function', 'libs');
  externalModules.register('one-module', 'module');
  externalModules.register('modules', 'list');
  externalModules.registerSubflow('first-subflow', SUBFLOW);
  externalModules.registerSubflow('second-subflow', SECOND);
}

const MODULES = ['fs', 'node:fs', 'known', 'known@2', 'denied', 'left-pad', '@scope/name@1.2.3', 'a/b', '', '@', '   '];
const ODD = [undefined, null, 5, {}, { module: '' }, { module: 5 }, { module: null }, 'left-pad', true, [['x']]];
const TYPES = [
  ...['function', 'one-module', 'modules', 'first-subflow', 'second-subflow', 'plain', 'plain', 'inject', 'tab'],
  ...['function', 'function', 'subflow:x', 'unknown', '']
];
const ODD_TYPES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', undefined, null, 7, ['function'], {}];

function randomNode(random) {
  const pick = (list) => list[random(list.length)];
  const list = () =>
    Array.from({ length: random(4) }, () => {
      const kind = random(20);
      return kind === 0 ? pick(ODD) : kind < 8 ? pick(MODULES) : { var: 'm', module: pick(MODULES) };
    });
  const value = () => (random(12) === 0 ? pick(ODD) : random(4) === 0 ? pick(MODULES) : list());
  return {
    id: `n${random(30)}`,
    type: random(40) === 0 ? pick(ODD_TYPES) : pick(TYPES),
    ...(random(3) === 0 ? { d: pick([true, false, 'yes', 0]) } : {}),
    libs: value(),
    module: value(),
    list: value(),
    wires: [['n1', 'n2']]
  };
}

function randomFlows(random) {
  const flows = Array.from({ length: random(25) }, () => randomNode(random));
  if (random(30) === 0) {
    flows.splice(random(flows.length + 1), 0, [null, 5, 'text', undefined, []][random(5)]);
  }
  return flows;
}

/** What has come of it, and the npm runs that it made. */
async function outcome({ registry, runs }, flows) {
  runs.length = 0;
  const described = ({ module, error }) => ({ ...module, error: error.code || error.message });
  const result = await registry.checkFlowDependencies(flows).then(
    () => 'fine',
    (error) => (Array.isArray(error) ? error.map(described) : `${error.name}: ${error.message}`)
  );
  return { result, runs: [...runs] };
}

function userDirOf() {
  const userDir = tempDir('dependencies');
  fs.writeFileSync(
    path.join(userDir, 'package.json'),
    JSON.stringify({ dependencies: { known: '1.0.0', denied: '1.0.0' } })
  );
  return userDir;
}

for (const installation of installations()) {
  const { version } = JSON.parse(fs.readFileSync(installation, 'utf8'));
  for (const allowInstall of [false, true]) {
    test(`Node-RED ${version}, modules ${allowInstall ? 'are' : 'are not'} installed: the same for random flows`, async () => {
      const settings = {
        userDir: userDirOf(),
        externalModules: { modules: { allowInstall, allowList: ['*'], denyList: ['denied'] } }
      };
      const plain = loadRegistry(installation, settings);
      registerTypes(plain);
      const narrowed = narrowedRegistry(installation, settings);
      assert.deepEqual(narrowed.told, []);
      assert.notEqual(narrowed.registry.checkFlowDependencies, narrowed.original);
      registerTypes(narrowed);

      const random = createRandom(allowInstall ? 41 : 7);
      const seen = new Set();
      for (let round = 0; round < ROUNDS; round += 1) {
        const flows = randomFlows(random);
        const copy = structuredClone(flows);
        const expected = await outcome(plain, flows);
        assert.deepEqual(await outcome(narrowed, flows), expected, JSON.stringify(flows));
        assert.deepEqual(flows, copy);
        seen.add(typeof expected.result === 'string' ? expected.result.slice(0, 5) : 'modules');
      }
      assert.ok(seen.has('fine') && seen.has('modules') && seen.has('TypeE'), [...seen].join());
    });
  }

  test(`Node-RED ${version}: what is not as it was stays as it is`, () => {
    const settings = { userDir: userDirOf() };
    const parts = loadRegistry(installation, settings);
    assert.equal(deviation(parts), undefined);
    const { registry, externalModules, types } = parts;
    const look = externalModules.checkFlowDependencies;
    const more = eval(
      `(${String(look).replace('if (n.d)', 'if (n.z)').replace('if (subflowTypes', 'if (n.z || subflowTypes')})`
    );
    const other = [
      { registry: { ...registry, checkFlowDependencies: async (_flows) => {} } },
      { registry: {} },
      { externalModules: {} },
      { externalModules: { ...externalModules, register: undefined } },
      { externalModules: { ...externalModules, register: (_type) => {} } },
      { externalModules: { ...externalModules, registerSubflow: () => {} } },
      {
        externalModules: { ...externalModules, checkFlowDependencies: more },
        registry: { checkFlowDependencies: more }
      },
      { types: { ...types, registerNodeConstructor() {} } },
      { types: {} }
    ];
    for (const change of other) {
      assert.equal(typeof deviation({ ...parts, ...change }), 'string', Object.keys(change).join());
    }

    const told = [];
    registry.checkFlowDependencies = async (_flows) => {};
    const { checkFlowDependencies } = registry;
    narrowDependencyCheck({ nodes: registry }, { info: (text) => told.push(text) });
    assert.equal(registry.checkFlowDependencies, checkFlowDependencies);
    assert.match(told.join(), /^Node-RED's look for the modules of flows stays as it is.*has been replaced$/);
  });

  test(`Node-RED ${version}: of types that came before it knows nothing, and hands over all`, async () => {
    const settings = { userDir: userDirOf(), externalModules: { modules: { allowInstall: false } } };
    const early = loadRegistry(installation, settings);
    registerTypes(early);
    narrowDependencyCheck(
      { nodes: { getModuleInfo: early.registry.getModuleInfo, getType: () => () => {} } },
      { info: assert.fail }
    );
    const { result } = await outcome(early, [{ id: 'n', type: 'function', libs: [{ module: 'left-pad' }] }]);
    assert.deepEqual(
      result.map(({ module, error }) => [module, error]),
      [['left-pad', 'install_not_allowed']]
    );
  });

  test(`Node-RED ${version}: what has been installed by somebody else is known with the next start`, async () => {
    const userDir = tempDir('dependencies');
    const parts = narrowedRegistry(installation, { userDir });
    registerTypes(parts);
    /** Whether a node may require it, as Node-RED has read the list. */
    const isKnown = () => {
      try {
        return Boolean(parts.externalModules.require('left-pad'));
      } catch (error) {
        return error.code !== 'module_not_allowed';
      }
    };
    const start = () => parts.registry.checkFlowDependencies([{ id: 'n', type: 'function', libs: [] }]);
    const install = (dependencies) =>
      fs.writeFileSync(path.join(userDir, 'package.json'), JSON.stringify({ dependencies }));

    await start();
    assert.equal(isKnown(), false);
    install({ 'left-pad': '1.0.0' });
    await start();
    assert.equal(isKnown(), true);
    await start();
    assert.equal(isKnown(), true);
    install({});
    await start();
    assert.equal(isKnown(), false);

    // As a start of Node-RED in the same process does.
    install({ 'left-pad': '1.0.0' });
    await start();
    parts.externalModules.init({ userDir });
    assert.equal(isKnown(), false);
    narrowDependencyCheck({ nodes: { getModuleInfo: parts.registry.getModuleInfo } }, { info: assert.fail });
    await start();
    assert.equal(isKnown(), true);
  });
}
