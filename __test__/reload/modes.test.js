'use strict';

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { test } = require('node:test');
const { startInstance } = require('./support/instance');

// Tab A: two chains, of which one reaches tab B through link nodes. Node-RED
// is once in a process, so each mode gets a process of its own.
function base() {
  return [
    { id: 'a', type: 'tab', label: 'A' },
    { id: 'b', type: 'tab', label: 'B' },
    { id: 'a1', type: 'probe', z: 'a', value: 1, x: 1, y: 1, wires: [['out']] },
    { id: 'out', type: 'link out', z: 'a', mode: 'link', links: ['in'], x: 1, y: 1, wires: [] },
    { id: 'a2', type: 'probe', z: 'a', value: 2, x: 1, y: 1, wires: [['a3']] },
    { id: 'a3', type: 'probe-plain', z: 'a', value: 3, x: 1, y: 1, wires: [[]] },
    { id: 'in', type: 'link in', z: 'b', links: ['out'], x: 1, y: 1, wires: [['b1']] },
    { id: 'in2', type: 'link in', z: 'b', links: [], x: 1, y: 1, wires: [['b2']] },
    { id: 'b1', type: 'probe', z: 'b', value: 1, x: 1, y: 1, wires: [[]] },
    { id: 'b2', type: 'probe-plain', z: 'b', value: 2, x: 1, y: 1, wires: [[]] }
  ];
}

function edited(edit) {
  const flows = base();
  edit((id) => flows.find((node) => node.id === id));
  return flows;
}
const relinked = () =>
  edited((node) => {
    node('out').links = ['in2'];
    node('in').links = [];
    node('in2').links = ['out'];
  });

// What restarts in each mode: on a change of a2, on a new link, on a new
// secret of b1 alone, on nothing.
const EXPECTED = {
  nodes: { changed: ['a2'], secret: ['b1'] },
  flows: { changed: ['a2', 'a3'], secret: ['b1'] },
  full: { changed: ['a1', 'a2', 'a3', 'b1', 'b2'], secret: ['a1', 'a2', 'a3', 'b1', 'b2'] }
};

async function scenario(mode) {
  const instance = await startInstance({ flows: base(), mode });
  const expected = EXPECTED[mode];
  instance.clear();

  await instance.update(
    edited((node) => {
      node('a2').value = 'new';
    })
  );
  assert.deepEqual(instance.ids('start'), expected.changed);
  assert.deepEqual(instance.ids('close'), expected.changed);
  assert.equal(instance.last('a2').value, 'new');

  await instance.reset(base());
  instance.node('a1').receive({});
  await instance.until(() => instance.ids('input').includes('b1'), 'the link reaches b1');
  await instance.update(relinked());
  instance.clear();
  instance.node('a1').receive({});
  await instance.until(() => instance.ids('input').includes('b2'), 'the new link reaches b2');
  assert.deepEqual(instance.ids('input'), ['a1', 'b2']);

  await instance.reset(base());
  await instance.update(base(), { b1: { secret: 'new' } });
  assert.deepEqual(instance.ids('start'), expected.secret);
  assert.equal(instance.last('b1').secret, 'new');

  await instance.reset(base());
  const result = await instance.update(base());
  assert.equal(result.applied, false);
  assert.deepEqual(instance.records, []);

  const late = edited((node) => {
    node('a2').value = 'with the late one';
  });
  late.push({ id: 'late', type: 'late', z: 'a', value: 'late', x: 1, y: 1, wires: [[]] });
  await instance.update(late);
  assert.equal(instance.node('b2') === null, mode === 'full');
  globalThis.reloadRegister('late');
  await instance.until(() => instance.completed.length === 1, 'the late type is there');
  assert.equal(instance.node('a2').value, 'with the late one');
  assert.equal(instance.node('late').value, 'late');
  assert.equal(instance.node('b2').value, 2);

  await instance.stop();
}

if (process.env.RELOAD_MODE) {
  scenario(process.env.RELOAD_MODE).then(() => process.disconnect());
} else {
  for (const mode of Object.keys(EXPECTED)) {
    test(`reload: '${mode}'`, async () => {
      const child = fork(__filename, [], {
        env: { ...process.env, RELOAD_MODE: mode },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc']
      });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      child.stderr.on('data', (chunk) => {
        output += chunk;
      });
      const timer = setTimeout(() => child.kill('SIGKILL'), 60000);
      const code = await new Promise((resolve) => {
        child.on('close', resolve);
      });
      clearTimeout(timer);
      assert.equal(code, 0, output);
    });
  }
}
