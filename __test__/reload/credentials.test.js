'use strict';

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
const { startInstance } = require('./support/instance');

const cred = (name) => ({ name, type: 'cred', value: '' });

function base() {
  return [
    { id: 'a', type: 'tab', label: 'A', env: [cred('TAB')] },
    { id: 'b', type: 'tab', label: 'B' },
    { id: 'sf', type: 'subflow', name: 'S', in: [], out: [], env: [cred('TEMPLATE'), cred('INSTANCE')] },
    { id: 'sf1', type: 'probe', z: 'sf', value: '${TEMPLATE}/', x: 1, y: 1, wires: [[]] },
    { id: 'sf2', type: 'probe-plain', z: 'sf', value: '${TEMPLATE}', x: 1, y: 1, wires: [[]] },
    { id: 'sf3', type: 'probe-plain', z: 'sf', value: '${INSTANCE}', x: 1, y: 1, wires: [[]] },
    { id: 'server', type: 'probe-server', value: 'host' },
    { id: 'a1', type: 'probe', z: 'a', value: '${TAB}', x: 1, y: 1, wires: [[]] },
    { id: 'a2', type: 'probe-plain', z: 'a', value: 2, x: 2, y: 1, wires: [[]] },
    { id: 'b1', type: 'probe', z: 'b', value: 1, x: 1, y: 1, wires: [[]] },
    { id: 'b2', type: 'probe', z: 'b', value: 2, server: 'server', x: 2, y: 1, wires: [[]] },
    { id: 'b3', type: 'probe-plain', z: 'b', g: 'g', value: '${GROUP}', x: 2, y: 1, wires: [[]] },
    { id: 'b4', type: 'subflow:sf', z: 'b', x: 3, y: 1, wires: [], env: [cred('INSTANCE')] },
    { id: 'g', type: 'group', z: 'b', nodes: ['b3'], env: [cred('GROUP')] }
  ];
}

function secrets(changes = {}) {
  const credentials = {
    a: { TAB: 'tab' },
    g: { GROUP: 'group' },
    sf: { TEMPLATE: 'template', INSTANCE: 'default' },
    b4: { INSTANCE: 'instance' },
    server: { secret: 'server' },
    b1: { secret: 'b1' },
    b2: { secret: 'b2' },
    ...changes
  };
  return Object.fromEntries(Object.entries(credentials).filter(([, value]) => value));
}

let instance;
before(async () => {
  instance = await startInstance({ flows: base(), credentials: secrets() });
});
after(() => {
  assert.deepEqual(instance.warnings(), []);
  return instance.stop();
});
beforeEach(() => instance.reset(base(), secrets()));

async function onlyRestarts(changes, ids) {
  const result = await instance.update(base(), secrets(changes));
  assert.deepEqual(instance.ids('close'), ids);
  assert.deepEqual(instance.ids('start'), ids);
  assert.equal(result.applied, true);
  assert.deepEqual(instance.warnings(), []);
  // And that is the end of it: an unrelated change restarts none of them again.
  instance.clear();
  const flows = base();
  flows.find(({ id }) => id === 'a2').value = 'else';
  await instance.update(flows, secrets(changes));
  assert.deepEqual(instance.ids('start'), ['a2']);
  assert.deepEqual(
    instance.runtime.nodes.getFlows().flows.filter(({ credentials }) => credentials),
    []
  );
  return result;
}

test('a node: only it restarts, with the new value', async () => {
  await instance.update(base(), secrets({ b1: { secret: 'new' } }));
  assert.equal(instance.last('b1').secret, 'new');
  await instance.reset(base(), secrets());
  await onlyRestarts({ b1: { secret: 'new' } }, ['b1']);
});

test('a node: first credentials, and none any more', async () => {
  await instance.update(base(), secrets({ a1: { secret: 'first' } }));
  assert.deepEqual(instance.ids('start'), ['a1']);
  assert.equal(instance.last('a1').secret, 'first');
  instance.clear();
  await instance.update(base(), secrets({ b1: undefined, a1: { secret: 'first' } }));
  assert.deepEqual(instance.ids('start'), ['b1']);
  assert.equal(instance.last('b1').secret, undefined);
});

test('the same values in another order are no change', async () => {
  const two = secrets({ b1: { secret: 'x', other: 'y' } });
  await instance.update(base(), two);
  instance.clear();
  const result = await instance.update(base(), { ...secrets(), b1: { other: 'y', secret: 'x' } });
  assert.equal(result.applied, false);
  assert.deepEqual(instance.records, []);
});

test('a config node: it and its users restart', async () => {
  await instance.update(base(), secrets({ server: { secret: 'new' } }));
  assert.equal(instance.last('server').secret, 'new');
  await instance.reset(base(), secrets());
  await onlyRestarts({ server: { secret: 'new' } }, ['b2', 'server']);
});

test('a subflow template: its instances restart', async () => {
  await instance.update(base(), secrets({ sf: { TEMPLATE: 'new', INSTANCE: 'default' } }));
  assert.equal(instance.last('sf2').value, 'new');
  await instance.reset(base(), secrets());
  await onlyRestarts({ sf: { TEMPLATE: 'new', INSTANCE: 'default' } }, ['sf1', 'sf2', 'sf3']);
});

test('a subflow instance: it restarts', async () => {
  await instance.update(base(), secrets({ b4: { INSTANCE: 'new' } }));
  assert.equal(instance.last('sf3').value, 'new');
  await instance.update(base(), secrets({ b4: undefined }));
  assert.equal(instance.last('sf3').value, 'default');
  await instance.reset(base(), secrets());
  await onlyRestarts({ b4: { INSTANCE: 'new' } }, ['sf1', 'sf2', 'sf3']);
});

test('a node in a subflow template: the instances restart', async () => {
  await instance.update(base(), secrets({ sf1: { secret: 'new' } }));
  assert.equal(instance.last('sf1').secret, 'new');
  await instance.reset(base(), secrets());
  await onlyRestarts({ sf1: { secret: 'new' } }, ['sf1', 'sf2', 'sf3']);
});

test('a tab: it restarts with its nodes, each time', async () => {
  for (const value of ['new', 'newer', 'newest']) {
    instance.clear();
    const result = await instance.update(base(), secrets({ a: { TAB: value } }));
    assert.equal(instance.last('a1').value, value);
    if (!instance.isBefore31) {
      assert.deepEqual(instance.ids('start'), ['a1', 'a2']);
      assert.equal(result.restarted, 2);
    }
  }
  await instance.reset(base(), secrets());
  if (!instance.isBefore31) {
    await onlyRestarts({ a: { TAB: 'new' } }, ['a1', 'a2']);
  }
});

test('a group: what is in it restarts', async () => {
  await instance.update(base(), secrets({ g: { GROUP: 'new' } }));
  assert.equal(instance.last('b3').value, 'new');
  await instance.reset(base(), secrets());
  if (!instance.isBefore31) {
    await onlyRestarts({ g: { GROUP: 'new' } }, ['b3']);
  }
});

test('a group in a group: what is in either restarts', async () => {
  const flows = base().concat({ id: 'outer', type: 'group', z: 'b', nodes: ['g'], env: [cred('OUTER')] });
  flows.find(({ id }) => id === 'g').g = 'outer';
  flows.find(({ id }) => id === 'b3').value = '${OUTER}';
  await instance.reset(flows, secrets({ outer: { OUTER: 'one' } }));
  await instance.update(flows, secrets({ outer: { OUTER: 'two' } }));
  assert.equal(instance.last('b3').value, 'two');
  if (!instance.isBefore31) {
    assert.deepEqual(instance.ids('start'), ['b3']);
  }
});

test('a node that renews its token as it starts with new credentials keeps that one', async () => {
  const { events } = instance.runtime;
  events.once('flows:started', () => instance.node('b1').renew('renewed at start'));
  await instance.update(base(), secrets({ b1: { secret: 'new' } }));
  await instance.reload.restoreCredentials();
  assert.deepEqual(instance.runtime.nodes.getCredentials('b1'), { secret: 'renewed at start' });
});

test('a global variable: everything restarts, as any node may use it', async (t) => {
  if (instance.isBefore31) {
    t.skip('Node-RED 3.0 has none');
    return;
  }
  const flows = () => {
    const array = base().concat({ id: 'globals', type: 'global-config', env: [cred('PLANET')] });
    array.find(({ id }) => id === 'a2').value = '${PLANET}';
    return array;
  };
  const globals = (value) => secrets({ globals: { map: { PLANET: value, has_PLANET: true } } });
  await instance.update(flows(), globals('Mars'));
  assert.equal(instance.last('a2').value, 'Mars');
  instance.clear();
  await instance.update(flows(), globals('Venus'));
  assert.equal(instance.last('a2').value, 'Venus');
  assert.deepEqual(instance.ids('start'), ['a1', 'a2', 'b1', 'b2', 'b3', 'server', 'sf1', 'sf2', 'sf3']);
  assert.deepEqual(instance.warnings(), []);
});

test('configuration and credentials changed together arrive together', async () => {
  const flows = base();
  flows.find(({ id }) => id === 'b1').value = 'both';
  await instance.update(flows, secrets({ b1: { secret: 'new' } }));
  assert.deepEqual(instance.ids('start'), ['b1']);
  assert.equal(instance.last('b1').value, 'both');
  assert.equal(instance.last('b1').secret, 'new');
});

test('a node that goes and comes back has its credentials', async () => {
  const without = base().filter(({ id }) => id !== 'b1');
  // The admin may well go on storing what a node had that is gone.
  await instance.update(without, secrets());
  instance.clear();
  await instance.update(base(), secrets());
  assert.equal(instance.last('b1').secret, 'b1');
});

test('a token that a node renewed survives deploys that leave its credentials alone', async () => {
  instance.node('b1').renew('renewed');
  const flows = base();
  flows.find(({ id }) => id === 'b1').value = 'changed';
  await instance.update(flows, secrets({ b2: { secret: 'new' } }));
  assert.equal(instance.last('b1').secret, 'renewed');
  assert.equal(instance.last('b2').secret, 'new');
  await instance.update(flows, secrets({ b1: { secret: 'deployed' } }));
  assert.equal(instance.last('b1').secret, 'deployed');
  assert.deepEqual(instance.runtime.nodes.getCredentials('b1'), { secret: 'deployed' });
});

test('a refused deploy leaves no trace in the credentials', async () => {
  instance.node('b2').renew('renewed');
  const flows = base().filter(({ id }) => id !== 'server');
  flows.find(({ id }) => id === 'b1').credentials = { secret: 'by a user' };
  flows.find(({ id }) => id === 'a1').credentials = { secret: 'by a user' };
  await assert.rejects(instance.runtime.nodes.setFlows(flows, null, 'nodes'), /a worker takes no deploys/);
  assert.deepEqual(instance.saves, { own: 0, refused: 1 });
  const { getCredentials } = instance.runtime.nodes;
  assert.deepEqual(getCredentials('b1'), { secret: 'b1' });
  assert.deepEqual(getCredentials('b2'), { secret: 'renewed' });
  assert.deepEqual(getCredentials('server'), { secret: 'server' });
  assert.equal(getCredentials('a1'), undefined);
  assert.deepEqual(instance.records, []);
  // The next update still goes by what was applied, not by what was refused.
  const next = base();
  next.find(({ id }) => id === 'b1').value = 'next';
  await instance.update(next, secrets());
  assert.deepEqual(instance.ids('start'), ['b1']);
  assert.equal(instance.last('b1').secret, 'b1');
});
