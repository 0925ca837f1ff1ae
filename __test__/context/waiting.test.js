'use strict';

const assert = require('node:assert/strict');
const { afterEach, mock, test } = require('node:test');

const { addStore, handOver, removeStore } = require('../../lib/context/handover.js');
const { contextLoaded } = require('../../lib/context/waiting.js');

const PLACE = '/user/dir';

function addPending(name, state = null) {
  let isLoaded = false;
  let load;
  const loaded = new Promise((resolve) => {
    load = () => {
      isLoaded = true;
      resolve();
    };
  });
  addStore(PLACE, { name, loaded, isLoaded: () => isLoaded, health: () => state });
  return load;
}

afterEach(() => {
  mock.timers.reset();
  handOver(PLACE, { options: {}, readOnly: false, log: {}, instance: () => null });
});

test('nothing is waited for without a store, or with one that is loaded', () => {
  assert.equal(contextLoaded(PLACE, {}), null);
  addPending('default')();
  assert.equal(contextLoaded(PLACE, {}), null);
});

test('all stores are waited for, and the log says for which', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const lines = [];
  const loads = ['default', 'second'].map((name) => addPending(name));
  const waiting = contextLoaded(PLACE, { warn: (line) => lines.push(line) });
  mock.timers.tick(2000);
  loads[0]();
  mock.timers.tick(60_000);
  loads[1]();
  await waiting;
  mock.timers.tick(600_000);
  assert.deepEqual(lines, [
    "flows wait for the context 'default', 'second': Valkey is away, and there is no copy on disk",
    "flows wait for the context 'second': Valkey is away, and there is no copy on disk"
  ]);
});

test('the log says when waiting alone does not help', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const lines = [];
  const loads = [
    addPending('away', { connection: 'reconnecting' }),
    addPending('ended', { connection: 'closed' }),
    addPending('refused', { connection: 'ready', problem: 'NOPERM' })
  ];
  const waiting = contextLoaded(PLACE, { warn: (line) => lines.push(line) });
  mock.timers.tick(2000);
  loads.forEach((load) => load());
  await waiting;
  assert.deepEqual(lines, [
    "flows wait for the context 'away': Valkey is away, and there is no copy on disk",
    "flows wait for the context 'ended': retryStrategy has given up, and there is no copy on disk: they don't start before Node-RED is started again",
    "flows wait for the context 'refused': it is not read from Valkey yet (NOPERM), and there is no copy on disk"
  ]);
});

test('a store that is closed is waited for no more', async () => {
  addStore(PLACE, {
    name: 'default',
    loaded: Promise.reject(new Error('closed')),
    isLoaded: () => false,
    health: () => null
  });
  await contextLoaded(PLACE, { warn() {} });
  removeStore(PLACE, 'default');
  assert.equal(contextLoaded(PLACE, {}), null);
});
