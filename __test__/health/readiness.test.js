'use strict';

// What makes an instance ready, from what its parts tell.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { createReadiness } = require('../../lib/health/readiness.js');

function judged(role, parts, options = {}) {
  return createReadiness({ role, maxAge: null, ...options })({ flows: { state: 'running', missing: [] }, ...parts });
}

const RUNNING = { connection: 'ready', revision: '17' };

test('a worker is ready when its flows run and it has Valkey', () => {
  assert.deepEqual(judged('worker', { core: RUNNING }), {
    ready: true,
    role: 'worker',
    revision: '17',
    connection: 'ready',
    copyAge: null,
    flows: 'running',
    missing: [],
    notes: []
  });
});

test('what a worker lacks is said', () => {
  const lacks = (parts) => {
    const { ready, missing } = judged('worker', { core: RUNNING, ...parts });
    assert.equal(ready, false);
    return missing;
  };
  const loading = { state: 'loading', missing: [] };
  assert.deepEqual(lacks({ core: null, flows: loading }), [
    'flows: loading',
    'revision: none runs yet',
    'connection: connecting, and no copy is in use'
  ]);
  assert.deepEqual(lacks({ core: { connection: 'ready' }, flows: loading }), [
    'flows: loading',
    'revision: none runs yet'
  ]);
  const away = { connection: 'reconnecting', reason: 'does the server speak TLS on this port?' };
  assert.deepEqual(lacks({ core: away }), [
    'revision: none runs yet',
    'connection: reconnecting (does the server speak TLS on this port?), and no copy is in use'
  ]);
  assert.deepEqual(lacks({ flows: { state: 'missing types', missing: ['a', 'b'] } }), ['flows: missing types (a, b)']);
  assert.deepEqual(lacks({ flows: { state: 'safe mode', missing: [] } }), ['flows: safe mode']);
  const many = Array.from({ length: 30 }, (_, i) => `t${i}`);
  assert.match(lacks({ flows: { state: 'missing types', missing: many } })[0], /t19 and 10 more\)$/);
});

test('a worker without Valkey is ready from its copy, for as long as maxAge allows', () => {
  const core = { connection: 'reconnecting', revision: '17', copyAge: 90_500 };
  const unlimited = judged('worker', { core });
  assert.deepEqual([unlimited.ready, unlimited.copyAge, unlimited.connection], [true, 90, 'reconnecting']);
  assert.deepEqual(unlimited.notes, ['connection: reconnecting; what runs was seen in Valkey 90 s ago']);
  assert.equal(judged('worker', { core }, { maxAge: 91 }).ready, true);
  const old = judged('worker', { core }, { maxAge: 90 });
  assert.equal(old.ready, false);
  assert.match(old.missing[0], /^connection: .* more than 'maxAge' allows \(90 s\)$/);
});

test('a worker that has its connection and can not use what is stored tells so, and serves on', () => {
  const problem = "the value of key 'nodered:flows' can't be used: no JSON";
  const core = { ...RUNNING, copyAge: 90_500, problem };
  const stuck = judged('worker', { core });
  const words = `${problem}; what runs was seen in Valkey 90 s ago`;
  assert.deepEqual([stuck.ready, stuck.connection, stuck.copyAge, stuck.notes], [true, 'ready', 90, [words]]);
  const strict = judged('worker', { core }, { maxAge: 90 });
  assert.deepEqual(
    [strict.ready, strict.missing, strict.notes],
    [false, [`${words}, more than 'maxAge' allows (90 s)`], []]
  );
  // What it waits for at a start.
  const waiting = judged('worker', { core: { connection: 'ready', problem } });
  assert.deepEqual([waiting.ready, waiting.missing], [false, ['revision: none runs yet', problem]]);
  // No look has come in its time.
  const late = judged('worker', { core: { ...RUNNING, copyAge: 30_000 } });
  assert.deepEqual(late.notes, ['connection: ready; what runs was seen in Valkey 30 s ago']);
});

test('a worker that hears no announcements tells so, and serves on', () => {
  const deaf = judged('worker', { core: { ...RUNNING, unheard: ['nodered:flows:updated'] } });
  assert.deepEqual(
    [deaf.ready, deaf.notes],
    [true, ['announcements: nothing is heard on nodered:flows:updated, so that news come later']]
  );
});

test('a package that does not come is told, and keeps a worker back only while its flows do not run', () => {
  const asked = (packages, flows = { state: 'running', missing: [] }) =>
    judged('worker', { core: RUNNING, flows, packages });
  const inStep = asked({ inStep: true, waiting: [], notLoaded: [] });
  assert.deepEqual([inStep.ready, inStep.packages, inStep.notes], [true, 'in step', []]);
  const gone = { inStep: false, waiting: ['gone'], notLoaded: [] };
  const words = 'packages: not in step (gone)';
  const starting = asked(gone, { state: 'loading', missing: [] });
  assert.deepEqual(
    [starting.ready, starting.packages, starting.missing],
    [false, 'not in step', ['flows: loading', words]]
  );
  const without = asked(gone, { state: 'missing types', missing: ['t'] });
  assert.deepEqual([without.ready, without.missing], [false, ['flows: missing types (t)', words]]);
  // It was never in step in this process, and it serves.
  const serving = asked(gone);
  assert.deepEqual(
    [serving.ready, serving.packages, serving.missing, serving.notes],
    [true, 'not in step', [], [words]]
  );
});

test('a package that is installed and not usable is noted with the reason', () => {
  const notLoaded = [{ name: 'second', reason: "type 'x' is already registered by first" }];
  const noted = judged('worker', { core: RUNNING, packages: { inStep: true, waiting: [], notLoaded } });
  assert.deepEqual(
    [noted.ready, noted.packages, noted.notes],
    [true, 'in step', ["packages: installed but not loaded: second (type 'x' is already registered by first)"]]
  );
});

test('nobody is told that packages are in step when the list could not be read', () => {
  const unknown = judged('worker', { core: RUNNING, packages: { inStep: null, waiting: [], notLoaded: [] } });
  assert.deepEqual(
    [unknown.ready, unknown.packages, unknown.notes],
    [true, 'unknown', ['packages: the list could not be read, what was installed before is loaded']]
  );
  // npm itself can't be run: no name, and all the same not in step.
  const stuck = judged('worker', { core: RUNNING, packages: { inStep: false, waiting: [], notLoaded: [] } });
  assert.deepEqual([stuck.ready, stuck.packages, stuck.notes], [true, 'not in step', ['packages: not in step']]);
});

test('an admin is ready with or without Valkey, and not while another is in charge', () => {
  const core = { connection: 'ready', revision: '17', mirrored: true, otherAdmin: false };
  assert.deepEqual(judged('admin', { core }), {
    ready: true,
    role: 'admin',
    revision: '17',
    connection: 'ready',
    mirrored: true,
    flows: 'running',
    missing: [],
    notes: []
  });
  const away = judged('admin', { core: { connection: 'reconnecting', mirrored: false, otherAdmin: false } });
  assert.deepEqual([away.ready, away.notes.length], [true, 1]);
  const other = judged('admin', { core: { ...core, mirrored: false, otherAdmin: true } });
  assert.deepEqual([other.ready, other.missing], [false, ['lease: another admin is active on this key prefix']]);
  const halted = judged('admin', { core, flows: { state: 'missing types', missing: ['a'] } });
  assert.deepEqual([halted.ready, halted.notes], [true, ['flows: missing types (a)']]);
  assert.equal(judged('admin', { core, flows: { state: 'loading', missing: [] } }).ready, false);
  assert.equal(judged('admin', { core: null }).ready, true);
});

test('context stores are told with their figures; flows wait for one that is not loaded', () => {
  const figures = { connection: 'ready', keys: 3, bytes: 100, unsent: 0, conflicts: 0 };
  const store = (name, health, isLoaded = true) => ({ name, health: () => health, isLoaded: () => isLoaded });
  const fine = judged('worker', { core: RUNNING, contexts: [store('default', figures)] });
  assert.deepEqual([fine.ready, fine.context, fine.notes], [true, { default: figures }, []]);
  const away = { ...figures, connection: 'reconnecting', unsent: 2 };
  const troubled = { ...figures, problem: 'may not write' };
  const { ready, notes } = judged('admin', {
    core: { ...RUNNING, mirrored: true },
    contexts: [store('default', away), store('second', troubled)]
  });
  assert.equal(ready, true);
  assert.deepEqual(notes, [
    "context 'default': connection: reconnecting; 2 changes are not sent yet",
    "context 'second': may not write"
  ]);
  const waiting = judged('worker', { core: RUNNING, contexts: [store('default', away, false)] });
  assert.deepEqual(waiting.missing, ["context 'default': not read from Valkey yet, and no copy is on disk"]);
});
