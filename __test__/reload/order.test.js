'use strict';

// Updates one after the other, and beside what a user has Node-RED do.

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');
const { base, changed } = require('./support/two-tabs');

let instance;
before(async () => {
  instance = await startInstance({ flows: base() });
});
after(() => instance.stop());
beforeEach(() => instance.reset(base()));

test('several in a row end at the last one, those between are passed over', async () => {
  const results = await Promise.all(
    [1, 2, 3, 4, 5].map((value) =>
      instance.update(
        changed((node) => {
          node('a1').value = value * 10;
        })
      )
    )
  );
  assert.equal(instance.last('a1').value, 50);
  assert.equal(results[4].applied, true);
  assert.deepEqual(
    results.map(({ superseded }) => Boolean(superseded)),
    [true, true, true, true, false]
  );
  assert.deepEqual(instance.ids('start'), ['a1']);
  await instance.reload.idle();
});

test('an update is over when the new nodes run', async () => {
  for (let value = 100; value < 120; value += 1) {
    await instance.update(
      changed((node) => {
        node('a1').value = value;
      })
    );
    assert.equal(instance.node('a1').value, value);
  }
  assert.equal(instance.ids('start').length, 20);
});

test('a user loads the flows again in the middle of an update: one after the other', async () => {
  let release;
  globalThis.reloadClosing = new Promise((resolve) => {
    release = resolve;
  });
  const update = instance.update(
    changed((node) => {
      node('a1').value = 'updated';
    })
  );
  await instance.until(() => instance.ids('close').includes('a1'), 'the update closes a1');
  instance.stored.flows = changed((node) => {
    node('a1').value = 'loaded';
  });
  const load = instance.runtime.nodes.loadFlows(true);
  const after = instance.update(
    changed((node) => {
      node('a1').value = 'after';
    })
  );
  release();
  globalThis.reloadClosing = undefined;
  await Promise.all([update, load, after]);
  const events = instance.records.filter(({ id }) => id === 'a1').map(({ event, value }) => `${event} ${value}`);
  assert.deepEqual(events, ['close 1', 'start updated', 'close updated', 'start after']);
});

test('flows that a user has stopped stay stopped, and start with the newest', async () => {
  await instance.runtime.nodes.stopFlows();
  instance.clear();
  const result = await instance.update(
    changed((node) => {
      node('a1').value = 'new';
    })
  );
  assert.equal(result.applied, true);
  assert.equal(result.restarted, 0);
  assert.deepEqual(instance.records, []);
  await instance.runtime.nodes.startFlows();
  assert.equal(instance.last('a1').value, 'new');
  assert.equal(instance.ids('start').length, 7);
});

test('flows that a user loads again are the base of the next update', async () => {
  instance.stored.flows = changed((node) => {
    node('a1').value = 'loaded';
  });
  await instance.runtime.nodes.loadFlows(true);
  const result = await instance.update(
    changed((node) => {
      node('a1').value = 'loaded';
      node('b1').value = 'next';
    })
  );
  assert.equal(result.changed, 1);
  assert.equal(result.restarted, 1);
  assert.equal(instance.last('a1').value, 'loaded');
  assert.equal(instance.last('b1').value, 'next');
});
