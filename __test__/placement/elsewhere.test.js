'use strict';

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');

const { createPlacement } = require('../../lib/placement');
const { wrongElsewhere } = require('../../lib/placement/elsewhere');
const { createFaults } = require('../../lib/placement/faults');
const { watchOthers } = require('../../lib/placement/elsewhere');
const { until } = require('../support/wait');

const tab = (label, value, more) => ({
  id: label,
  type: 'tab',
  label,
  env: [{ name: 'CLUSTER_PLACEMENT', value, type: 'str' }],
  ...more
});
const ONCE = { lease: 10_000, whenAway: 'stop' };
const worker = (name, labels = [], { state = 'in step', notes = [], once = ONCE } = {}) => ({
  name,
  role: 'worker',
  state,
  labels,
  notes,
  once
});
const NO_RIGHT = 'tabs that run once: the right to SET is missing';

test('a label that no worker has is told, by the name of the tab', () => {
  const flows = [tab('A', 'label:a'), tab('B', 'once:b,c'), tab('C', 'workers'), tab('D', 'wrong')];
  assert.deepEqual(wrongElsewhere(flows, [worker('w1', ['a']), worker('w2', ['c'])]), []);
  assert.deepEqual(wrongElsewhere(flows, [worker('w1', ['x']), worker('w2', ['a'], { state: 'lost' })]), [
    "tab 'A' runs nowhere: no worker has the label 'a'",
    "tab 'B' runs nowhere: no worker has the label 'b' or 'c'"
  ]);
  assert.deepEqual(wrongElsewhere([tab('A', 'label:a', { disabled: true })], [worker('w1')]), []);
});

test('an admin has no labels, and where no worker is known nobody can say', () => {
  const flows = [tab('A', 'label:a')];
  assert.deepEqual(wrongElsewhere(flows, []), []);
  assert.deepEqual(wrongElsewhere(flows, [{ ...worker('admin', ['a']), role: 'admin' }]), []);
  assert.equal(wrongElsewhere(flows, [{ ...worker('admin', ['a']), role: 'admin' }, worker('w')]).length, 1);
});

test('a worker that can hold no tab is told where one runs once', () => {
  const workers = [worker('w1', [], { notes: ['other', NO_RIGHT] }), worker('w2')];
  assert.deepEqual(wrongElsewhere([tab('A', 'once')], workers), [
    "worker 'w1' can't run tabs once: the right to SET is missing"
  ]);
  assert.deepEqual(wrongElsewhere([tab('A', 'workers')], workers), []);
});

test('workers whose leases differ are told where a tab runs once', () => {
  const other = worker('w2', [], { once: { lease: 2000, whenAway: 'keep' } });
  const workers = [worker('w1'), other, worker('w3', [], { once: null })];
  assert.deepEqual(
    wrongElsewhere([tab('A', 'once')], workers).map((text) => text.split(':')[0]),
    ["'onceLease' is 10000 on worker 'w1' and 2000 on 'w2'", "'onceWhenAway' is stop on worker 'w1' and keep on 'w2'"]
  );
  assert.deepEqual(wrongElsewhere([tab('A', 'workers')], workers), []);
  assert.deepEqual(wrongElsewhere([tab('A', 'once')], [worker('w1', [], { once: null }), other]), []);
});

test('it is told when it was so for two looks, once in the log, and taken back when it is over', async () => {
  const logged = [];
  const log = { warn: (text) => logged.push(text), error: (text) => logged.push(text), debug() {} };
  const runtime = { events: new EventEmitter(), nodes: { getFlows: () => ({ flows: [tab('A', 'label:a')] }) } };
  const faults = createFaults({ runtime, log });
  let workers = [worker('w1')];
  let looks = 0;
  let isAway = false;
  const others = watchOthers({
    nodes: runtime.nodes,
    async read() {
      looks += 1;
      if (isAway) {
        throw new Error('away');
      }
      return workers;
    },
    tell(found) {
      faults.setElsewhere(found);
      if (looks === 1) {
        assert.deepEqual(found, []);
      }
    },
    log,
    pause: 5
  });
  const told = ["tab 'A' runs nowhere: no worker has the label 'a'"];
  await until(() => faults.all().length === 1);
  assert.deepEqual(faults.all(), told);
  isAway = true;
  const before = looks;
  await until(() => looks > before + 2);
  assert.deepEqual(faults.all(), told, 'nobody knows otherwise');
  isAway = false;
  workers = [worker('w1', ['a'])];
  await until(() => faults.all().length === 0);
  assert.deepEqual(logged, told);
  others.close();
  faults.close();
});

test('where Node-RED can not be told, a tab that is not to run everywhere is refused, and nothing else', () => {
  const runtime = { events: new EventEmitter(), nodes: { getFlows() {} } };
  const log = { warn() {}, error() {}, info() {}, debug() {} };
  const options = { labels: [], runFlows: true, onceLease: 10_000, onceWhenAway: 'stop' };
  const placement = createPlacement({ role: 'admin', options, runtime, log });
  const everywhere = [tab('A', 'all'), { id: 'B', type: 'tab' }, { id: 'n', type: 'inject', z: 'B' }];
  assert.equal(placement.checked(everywhere), everywhere);
  for (const value of ['once', 'workers', 'wrong']) {
    assert.throws(() => placement.checked([...everywhere, tab('Timers', value)]), {
      code: 'ERR_VALKEY_PLACEMENT',
      message: /^tab 'Timers' has CLUSTER_PLACEMENT, which can't be honoured in this Node-RED: /
    });
  }
  placement.close();
  assert.throws(() => createPlacement({ role: 'admin', options: { ...options, runFlows: false }, runtime, log }), {
    code: 'ERR_VALKEY_PLACEMENT',
    message: /option 'runFlows'/
  });
});
