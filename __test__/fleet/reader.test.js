'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createReader } = require('../../lib/fleet/reader');
const { coreThatSees } = require('./support/reading.js');

/** What is lent at this moment. */
function fleetOf(reader) {
  const { text, giveBack } = reader.lend();
  const fleet = JSON.parse(Buffer.from(text).toString());
  giveBack();
  return fleet;
}

const namesOf = (reader) => fleetOf(reader).instances.map(({ name }) => name);

test('many who ask at once are answered by one reading', async () => {
  let count = 0;
  const reader = createReader({
    core: coreThatSees(() => {
      count += 1;
      return {};
    })
  });
  const answers = await Promise.all(Array.from({ length: 50 }, () => reader.read()));
  await reader.read();
  assert.equal(count, 1);
  assert.deepEqual(namesOf(reader), ['box']);
  for (const known of answers) {
    assert.equal(known.workers.behind, 1);
    assert.equal(known.problem, null);
    assert.ok(known.asOf < 500);
  }
});

test('before anything was read, what is wrong is told, with what the instance knows itself', async () => {
  const core = { readFleet: () => Promise.reject(new Error('server away')) };
  const reader = createReader({ core, stored: () => '7' });
  const known = await reader.read();
  assert.deepEqual(fleetOf(reader), { revision: '7', total: 0, inStep: 0, instances: [] });
  assert.equal(known.asOf, null);
  assert.equal(known.problem, 'server away');
});

test('what was read stays while the server is away, with its age', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  let isAway = false;
  const reader = createReader({
    core: coreThatSees(() => (isAway ? Promise.reject(new Error('server away')) : {}))
  });
  await reader.read();
  isAway = true;
  now += 60_000;
  const known = await reader.read();
  assert.deepEqual([namesOf(reader), known.asOf, known.problem], [['box'], 60_000, 'server away']);
});

test('a server without reports is believed only once they had time to come again', async (context) => {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  let seen = { names: ['me', 'other'], hasOwn: true };
  const reader = createReader({ core: coreThatSees(() => seen), reports: true });
  await reader.read();
  seen = { names: [] };
  now += 1000;
  const lost = await reader.read();
  assert.deepEqual(namesOf(reader), ['me', 'other']);
  assert.match(lost.problem, /^Valkey has lost what instances reported/);
  now += 7000;
  const gone = await reader.read();
  assert.deepEqual(namesOf(reader), []);
  assert.equal(gone.problem, null);
});

test('a reading that is never answered is given up', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const never = () => new Promise(() => {});
  const reader = createReader({ core: { readFleet: never, readMembers: never } });
  const [asked, members] = [reader.read(), reader.members()];
  context.mock.timers.tick(3000);
  assert.equal((await asked).problem, 'no answer from Valkey within 3 s');
  await assert.rejects(members, /^Error: no answer from Valkey within 3 s/);
});

test('what is being sent stays as it is while more is read, and its memory is used again afterwards', async (context) => {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  let seen = { names: ['one'] };
  const reader = createReader({ core: coreThatSees(() => seen) });
  const readAnew = async (name) => {
    seen = { names: [name] };
    now += 1000;
    await reader.read();
    return reader.lend();
  };
  const first = await readAnew('one');
  const second = await readAnew('two');
  assert.match(Buffer.from(first.text).toString(), /"one"/);
  assert.match(Buffer.from(second.text).toString(), /"two"/);
  assert.notEqual(first.text.buffer, second.text.buffer);
  first.giveBack();
  second.giveBack();
  const third = await readAnew('six');
  assert.equal(third.text.buffer, second.text.buffer);
  assert.match(Buffer.from(third.text).toString(), /"six"/);
});

test('a text that does not come leaves the one before', async (context) => {
  let now = 1000;
  context.mock.method(performance, 'now', () => now);
  const core = coreThatSees(() => ({}));
  const reader = createReader({ core: { ...core, takeFleet: (into) => core.takeFleet(into) } });
  await reader.read();
  core.takeFleet = () => {
    throw new Error('it does not fit');
  };
  now += 1000;
  assert.equal((await reader.read()).problem, 'it does not fit');
  assert.deepEqual(namesOf(reader), ['box']);
});
