'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setImmediate: soon } = require('node:timers/promises');

const { createEvents } = require('../../lib/binding/events');

test('what comes before anybody listens is told then, once a kind; what comes later at once', async () => {
  const told = [];
  const events = createEvents({ error: (text) => told.push(text) });
  events.onEvent('packages');
  events.onEvent('revision');
  events.onEvent('packages');
  events.listen({ revision: () => told.push('revision'), packages: () => told.push('packages') });
  assert.deepEqual(told.splice(0), ['packages', 'revision']);
  events.onEvent('revision');
  events.onEvent('revision');
  events.onEvent('an event that nobody listens to');
  await soon();
  assert.deepEqual(told, ['revision', 'revision']);
});

test('a listener that fails is a line in the log, whether at once or later', async () => {
  const lines = [];
  const events = createEvents({ error: (text) => lines.push(text) });
  events.listen({
    library: async () => {
      throw new Error('later');
    },
    restore() {
      throw new Error('at once');
    }
  });
  events.onEvent('library');
  events.onEvent('restore');
  await soon();
  assert.deepEqual(lines.sort(), ['library: later', 'restore: at once']);
});
