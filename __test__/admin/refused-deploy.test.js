'use strict';

// A deploy that was refused because another admin is in charge, and how it gets into the running
// Node-RED later.

const assert = require('node:assert/strict');
const EventEmitter = require('node:events');
const { test } = require('node:test');

const { createRefusedDeploy } = require('../../lib/admin/refused-deploy');
const { createRuntimeWatch } = require('../../lib/flows/runtime-watch');
const { until } = require('../support/wait');
const { createShownNotices } = require('./support/shown-notices');

const log = { error() {}, warn() {}, info() {}, debug() {} };

/** A promise that is settled from outside. */
function held() {
  let settle;
  const promise = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

function create({ load = async () => {}, safeMode, started = true } = {}) {
  const events = new EventEmitter();
  const loads = [];
  const told = [];
  const nodes = {
    loadFlows(forced) {
      loads.push(forced);
      return load();
    }
  };
  const watch = createRuntimeWatch({ events, isOwn: () => false, onOwn() {}, onType() {} });
  const { notices, shown } = createShownNotices();
  const core = { deployWasRefused: () => told.push('refused') };
  const refused = createRefusedDeploy({
    core,
    runtime: { events, nodes, settings: { safeMode } },
    watch,
    notices,
    log
  });
  const start = () => events.emit('flows:started', {});
  if (started) {
    start();
  }
  return { refused, loads, shown, told, start };
}

/** Long enough for everything that waits for nothing. */
async function turns() {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('nothing is loaded when nothing was refused, or something was deployed or loaded since', async () => {
  const { refused, loads, told } = create();
  await refused.load();
  refused.begin();
  refused.end();
  await refused.load();
  assert.deepEqual(loads, []);
  assert.deepEqual(told, ['refused']);
});

test('what was refused is loaded and started; in safe mode it is not started', async () => {
  for (const safeMode of [undefined, true]) {
    const { refused, loads } = create({ safeMode });
    refused.begin();
    await refused.load();
    assert.deepEqual(loads, [!safeMode]);
  }
});

test('a Node-RED that has not started its flows is not made to load them', async () => {
  const { refused, loads, start } = create({ started: false });
  refused.begin();
  const load = refused.load();
  await turns();
  assert.deepEqual(loads, []);
  start();
  await load;
  assert.deepEqual(loads, [true]);
});

test('a deploy that is being saved is waited for, and takes the place of what was refused', async () => {
  const { refused, loads } = create();
  refused.begin();
  const [credentials, flows] = [held(), held()];
  // As Node-RED does it: flows follow in the turn in which the credentials were saved.
  const deploy = refused.beside(() => credentials.promise).then(() => refused.beside(() => flows.promise));
  const load = refused.load();
  await turns();
  credentials.resolve();
  await turns();
  assert.deepEqual(loads, []);
  refused.end();
  flows.resolve('saved');
  assert.equal(await deploy, 'saved');
  await load;
  assert.deepEqual(loads, []);
});

test('while it is loaded, what was made from the flows before is refused as a conflict', async () => {
  const loading = held();
  const { refused, loads } = create({ load: () => loading.promise });
  refused.begin();
  const load = refused.load();
  await until(() => loads.length === 1, { message: 'the load' });
  let isSaved = false;
  const save = async () => {
    isSaved = true;
  };
  await assert.rejects(refused.beside(save), { code: 'version_mismatch', status: 409 });
  assert.equal(isSaved, false);
  // Also when it fails, saves go on afterwards.
  loading.reject(new Error('not today'));
  await load;
  await refused.beside(save);
  assert.equal(isSaved, true);
});

test('the editor is told that a deploy was refused, and what becomes of it', async () => {
  const { refused, shown } = create();
  refused.begin();
  assert.match(shown.get('refused'), /is on this disk only, .* Once this admin takes over, it is loaded/);
  refused.end();
  assert.deepEqual([...shown], []);

  refused.begin();
  await refused.load();
  assert.match(shown.get('refused'), /the deploy that was refused .* has been loaded, runs here/);
  // A deploy, or another load.
  refused.end();
  assert.deepEqual([...shown], []);

  const failing = create({ load: () => Promise.reject(new Error('not today')) });
  failing.refused.begin();
  await failing.refused.load();
  assert.match(failing.shown.get('refused'), /can't be loaded, .*: not today\.$/);
});
