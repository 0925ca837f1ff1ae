'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createReader } = require('../../lib/fleet/reader');
const { entry, reading } = require('./support/reading.js');

const namesIn = ({ instances }) => instances.map(({ name }) => name);

test('many who ask at once are answered by one reading', async () => {
  let count = 0;
  const core = {
    async readFleet() {
      count += 1;
      return reading([entry()]);
    }
  };
  const reader = createReader({ core });
  const answers = await Promise.all(Array.from({ length: 50 }, () => reader.read()));
  await reader.read();
  assert.equal(count, 1);
  for (const { total, asOf, problem } of answers) {
    assert.equal(total, 1);
    assert.equal(problem, null);
    assert.ok(asOf < 500);
  }
});

test('before anything was read, what is wrong is told, with what the instance knows itself', async () => {
  const core = { readFleet: () => Promise.reject(new Error('server away')) };
  const known = await createReader({ core, stored: () => '7' }).read();
  assert.deepEqual(known, { revision: '7', total: 0, inStep: 0, instances: [], asOf: null, problem: 'server away' });
});

test('what was read stays while the server is away, with its age', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  let isAway = false;
  const core = { readFleet: () => (isAway ? Promise.reject(new Error('server away')) : reading([entry()])) };
  const reader = createReader({ core });
  await reader.read();
  isAway = true;
  now += 60_000;
  const { total, asOf, problem } = await reader.read();
  assert.deepEqual({ total, asOf, problem }, { total: 1, asOf: 60_000, problem: 'server away' });
});

test('a server without reports is believed only once they had time to come again', async (context) => {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  let entries = [entry({ host: 'me' }, { id: 'own' }), entry({ host: 'other' })];
  const reader = createReader({ core: { readFleet: async () => reading(entries) }, own: 'own' });
  await reader.read();
  entries = [];
  now += 1000;
  const lost = await reader.read();
  assert.deepEqual(namesIn(lost), ['me', 'other']);
  assert.match(lost.problem, /^Valkey has lost what instances reported/);
  now += 7000;
  const gone = await reader.read();
  assert.deepEqual(namesIn(gone), []);
  assert.equal(gone.problem, null);
});

test('a reading that is never answered is given up', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const asked = createReader({ core: { readFleet: () => new Promise(() => {}) } }).read();
  context.mock.timers.tick(3000);
  assert.equal((await asked).problem, 'no answer from Valkey within 3 s');
});
