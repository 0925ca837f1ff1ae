'use strict';

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

test('the first start is seen, and the same flows again are not applied', async () => {
  const result = await instance.update(base());
  assert.deepEqual(result, { applied: false, changed: 0, added: 0, removed: 0, restarted: 0, ms: 0, missingTypes: [] });
  assert.equal(instance.saves.own, 0);
  assert.deepEqual(instance.records, []);
});

test('a changed node restarts alone; context and all else live on', async () => {
  instance.node('b1').receive({});
  await instance.until(() => instance.ids('input').length === 2, 'b1 and b2 get the message');
  const count = instance.records.find(({ id }) => id === 'b1').count;
  const untouched = ['a2', 'a3', 'b1', 'b2', 'server'].map((id) => instance.node(id));
  instance.clear();
  const result = await instance.update(
    changed((node) => {
      node('a1').value = 'new';
    }),
    undefined,
    'r7'
  );
  assert.deepEqual(instance.ids('close'), ['a1']);
  assert.deepEqual(instance.ids('start'), ['a1']);
  assert.equal(instance.last('a1').value, 'new');
  assert.deepEqual(
    { ...result, ms: 0 },
    { applied: true, changed: 1, added: 0, removed: 0, restarted: 1, ms: 0, missingTypes: [] }
  );
  assert.match(instance.told.at(-1).text, /^revision r7 applied in \d+ ms: 1 nodes restarted, 0 added, 0 removed$/);
  assert.deepEqual(
    ['a2', 'a3', 'b1', 'b2', 'server'].map((id) => instance.node(id)),
    untouched
  );
  instance.node('b1').receive({});
  await instance.until(() => instance.ids('input').length === 2, 'b1 and b2 get the message');
  assert.equal(instance.records.find(({ event, id }) => event === 'input' && id === 'b1').count, count + 1);
});

test('own saves are recognised, and only while Node-RED saves', async () => {
  await instance.update(
    changed((node) => {
      node('a1').value = 'new';
    }),
    { a1: { secret: 's' } }
  );
  assert.deepEqual(instance.saves, { own: 2, refused: 0 });
  assert.equal(instance.reload.isOwnSave(), false);
});

test('a moved node restarts nothing', async () => {
  const result = await instance.update(
    changed((node) => {
      node('a1').x = 500;
    })
  );
  assert.equal(result.applied, true);
  assert.equal(result.restarted, 0);
  assert.deepEqual(instance.records, []);
  assert.equal(instance.runtime.nodes.getFlows().flows.find(({ id }) => id === 'a1').x, 500);
});

test('a new wire takes effect and restarts nothing', async () => {
  await instance.update(
    changed((node) => {
      node('a1').wires = [['b2']];
    })
  );
  assert.deepEqual(instance.records, []);
  instance.node('a1').receive({});
  await instance.until(() => instance.ids('input').includes('b2'), 'the message takes the new wire');
  assert.deepEqual(instance.ids('input'), ['a1', 'b2']);
});

test('a config node restarts with its users', async () => {
  const result = await instance.update(
    changed((node) => {
      node('server').value = 'other';
    })
  );
  assert.deepEqual(instance.ids('close'), ['a3', 'server']);
  assert.deepEqual(instance.ids('start'), ['a3', 'server']);
  assert.equal(instance.node('a3').server, instance.node('server'));
  assert.equal(instance.node('a3').server.value, 'other');
  assert.equal(result.restarted, 2);
});

test('a subflow template restarts its instances only', async () => {
  const result = await instance.update(
    changed((node) => {
      node('sf1').value = 'changed';
    })
  );
  assert.deepEqual(instance.ids('close'), ['sf1']);
  assert.deepEqual(instance.ids('start'), ['sf1']);
  assert.equal(instance.last('sf1').value, 'changed');
  assert.equal(result.restarted, 1);
});

test('added and removed nodes', async () => {
  const result = await instance.update(
    changed((node, flows) => {
      flows.splice(flows.indexOf(node('a3')), 1);
      flows.push({ id: 'a4', type: 'probe', z: 'a', value: 4, x: 1, y: 1, wires: [[]] });
    }),
    { a4: { secret: 's4' } }
  );
  assert.deepEqual(instance.ids('close'), ['a3']);
  assert.equal(instance.records.find(({ event }) => event === 'close').removed, true);
  assert.deepEqual(instance.ids('start'), ['a4']);
  assert.equal(instance.last('a4').secret, 's4');
  assert.deepEqual([result.added, result.removed, result.restarted], [1, 1, 0]);
});

test('added, removed, disabled and enabled tabs', async () => {
  await instance.update(
    changed((node, flows) => {
      flows.push(
        { id: 'c', type: 'tab', label: 'C' },
        { id: 'c1', type: 'probe', z: 'c', value: 1, x: 1, y: 1, wires: [[]] }
      );
      node('off').disabled = false;
      node('b').disabled = true;
    })
  );
  assert.deepEqual(instance.ids('start'), ['c1', 'off1']);
  assert.deepEqual(instance.ids('close'), ['b1', 'b2', 'sf1']);
  instance.clear();
  await instance.update(
    changed((node, flows) => {
      flows.splice(0, flows.length, ...flows.filter(({ id, z }) => id !== 'b' && z !== 'b'));
    })
  );
  assert.deepEqual(instance.ids('close'), ['c1', 'off1']);
  assert.deepEqual(instance.ids('start'), []);
});

test('a disabled node stops, an enabled one starts', async () => {
  await instance.update(
    changed((node) => {
      node('a1').d = true;
    })
  );
  assert.deepEqual(instance.ids('close'), ['a1']);
  assert.deepEqual(instance.ids('start'), []);
  instance.clear();
  await instance.update(base());
  assert.deepEqual(instance.ids('start'), ['a1']);
  assert.deepEqual(instance.ids('close'), []);
});

test('the env of a tab restarts the tab', async () => {
  const result = await instance.update(
    changed((node) => {
      node('a').env[0].value = 'south';
    })
  );
  assert.deepEqual(instance.ids('start'), instance.ids('close'));
  assert.equal(instance.last('a2').value, 'south');
  assert.equal(instance.ids('start').includes('a1'), true);
  if (!instance.isBefore31) {
    assert.deepEqual(instance.ids('start'), ['a1', 'a2', 'a3']);
    assert.equal(result.restarted, 3);
  }
});

test('a group: its env restarts what is in it, its size nothing', async () => {
  const grouped = (value, w) =>
    changed((node, flows) => {
      flows.push({ id: 'g', type: 'group', z: 'b', nodes: ['b2'], w, env: [{ name: 'GROUP', value, type: 'str' }] });
      node('b2').g = 'g';
      node('b2').value = '${GROUP}';
    });
  await instance.update(grouped('one', 10));
  assert.equal(instance.last('b2').value, 'one');
  instance.clear();
  await instance.update(grouped('two', 10));
  assert.equal(instance.last('b2').value, 'two');
  if (!instance.isBefore31) {
    assert.deepEqual(instance.ids('start'), ['b2']);
    instance.clear();
    await instance.update(grouped('two', 20));
    assert.deepEqual(instance.records, []);
  }
});

test('global environment variables restart everything', async (t) => {
  if (instance.isBefore31) {
    t.skip('Node-RED 3.0 has none');
    return;
  }
  const globals = (value) =>
    changed((node, flows) => {
      flows.push({ id: 'globals', type: 'global-config', env: [{ name: 'PLANET', value, type: 'str' }] });
      node('b2').value = '${PLANET}';
    });
  // The first one too: Node-RED by itself would restart b2 alone.
  await instance.update(globals('Mars'));
  assert.equal(instance.last('b2').value, 'Mars');
  assert.deepEqual(instance.ids('close'), ['a1', 'a2', 'a3', 'b1', 'b2', 'server', 'sf1']);
  instance.clear();
  const result = await instance.update(globals('Venus'));
  assert.equal(instance.last('b2').value, 'Venus');
  assert.deepEqual(instance.ids('start'), ['a1', 'a2', 'a3', 'b1', 'b2', 'server', 'sf1']);
  assert.equal(result.restarted, 8); // those seven, with the instance b3 for sf1, and the global config
  instance.clear();
  await instance.update(base());
  assert.deepEqual(instance.ids('close'), ['a1', 'a2', 'a3', 'b1', 'b2', 'server', 'sf1']);
});

test('a global configuration restarts everything with its variables, and nothing without any', async (t) => {
  if (instance.isBefore31) {
    t.skip('Node-RED 3.0 has none');
    return;
  }
  const globals = (env) =>
    changed((node, flows) => {
      flows.push({ id: 'globals', type: 'global-config', env, modules: {} });
    });
  await instance.update(globals([]));
  assert.deepEqual(instance.records, []);
  // From here on it is Node-RED that sees them.
  const variable = [{ name: 'PLANET', value: 'Mars', type: 'str' }];
  for (const env of [variable, []]) {
    instance.clear();
    await instance.update(globals(env));
    assert.deepEqual(instance.ids('close'), ['a1', 'a2', 'a3', 'b1', 'b2', 'server', 'sf1']);
  }
  instance.clear();
  await instance.update(base());
  assert.deepEqual(instance.records, []);
});
