'use strict';

// What instances report, as the core of another one reads it from a real server and the editor is answered.

const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, beforeEach, test } = require('node:test');

const { openCore } = require('../../lib/binding/core');
const { createReader } = require('../../lib/fleet/reader');
const { addFleetRoute } = require('../../lib/fleet/routes');
const { optionsAsText } = require('../../lib/options');
const { startServer } = require('../support/server.js');
const { until } = require('../support/wait.js');
const { report } = require('./support/reading.js');

const QUIET = { error() {}, warn() {}, info() {}, debug() {} };

let server;
let client;
const cores = [];

before(async () => {
  server = await startServer();
  client = server.client();
});

after(async () => {
  await Promise.all(cores.map((core) => core.close()));
  await server?.stop();
});

beforeEach(() => client.flushall());

async function member() {
  const options = optionsAsText({ role: 'worker', host: server.host, port: server.port });
  const core = openCore('Member', { options, userDir: undefined, log: QUIET, onEvent() {} });
  cores.push(core);
  await until(() => core.connection() === 'ready');
  return core;
}

/** Writes a report as somebody else may. */
async function write(number, properties) {
  const id = number.toString(16).padStart(16, '0');
  await client.set(`nodered:fleet:${id}`, JSON.stringify(report(properties)));
  await client.zadd('nodered:fleet', Date.now(), id);
  return id;
}

/** What a member sees. */
async function seenBy(core, known) {
  const reading = await core.readFleet(known);
  const text = Buffer.alloc(reading.length);
  core.takeFleet(text);
  return { ...reading, ...JSON.parse(text.toString()) };
}

test('what is reported is what is read', async () => {
  const [one, other] = [await member(), await member()];
  const told = report({
    labels: ['site-a'],
    once: { lease: 2000, whenAway: 'keep' },
    packages: 'in step',
    notes: ['slow'],
    lastError: { text: 'no', ago: 4 },
    tabs: ['t1'],
    context: { keys: 1, bytes: 2, unsent: 3, conflicts: 4 },
    delay: { p99: 0.5, max: 2.25 },
    recent: ['1002'],
    tick: undefined
  });
  one.report(JSON.stringify(told));
  let read;
  await until(async () => {
    read = await seenBy(other, '1002');
    return read.instances.length === 1;
  });
  const [{ id, name, state, report: own }] = read.instances;
  assert.deepEqual([id, name, state], [one.id(), 'box', 'in step']);
  assert.deepEqual({ ...own, tick: undefined }, told);
  assert.deepEqual(read.workers, { inStep: 1, behind: 0, notReady: 0, lost: 0 });
  assert.equal(read.hasOwn, false);
  assert.equal((await one.readFleet()).hasOwn, true);
  assert.throws(() => one.takeFleet(Buffer.alloc(10)), { code: 'ERR_VALKEY_INTERNAL' });
  assert.throws(() => one.takeFleet(Buffer.alloc(10_000)), { code: 'ERR_VALKEY_INTERNAL' }, 'it was taken');
  assert.deepEqual(await other.readMembers(), [
    {
      id,
      name,
      role: 'worker',
      state,
      labels: ['site-a'],
      notes: ['slow'],
      once: { lease: 2000, whenAway: 'keep' }
    }
  ]);
});

test('nothing that a terminal or an editor would obey is left of a text', async () => {
  const obeyed = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code);
    if (/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(character) && (code < 0xd800 || code > 0xdfff)) {
      obeyed.push(character);
    }
  }
  const hosts = [];
  for (let at = 0; at < obeyed.length; at += 80) {
    hosts.push(obeyed.slice(at, at + 80).join(''));
  }
  for (const [at, host] of hosts.entries()) {
    await write(at + 1, { host, place: `${at}` });
  }
  const { instances } = await seenBy(await member());
  assert.deepEqual(
    instances.map(({ report: { host } }) => host),
    hosts.map(() => '?')
  );
});

test('the editor is answered with the text of the core, and how old it is', async () => {
  await write(1, { host: 'Zürich <b>' });
  const core = await member();
  let away = false;
  const reader = createReader({
    core: { ...core, readFleet: (known) => (away ? Promise.reject(new Error('"away"')) : core.readFleet(known)) },
    stored: () => '1002'
  });
  let handler;
  const RED = { httpAdmin: { get: (...route) => (handler = route.at(-1)) }, auth: { needsPermission() {} } };
  addFleetRoute(RED, { fleet: reader });
  const listener = http.createServer((request, response) => {
    response.set = response.setHeader;
    handler(request, response, (error) => response.destroy(error));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const ask = async () => (await fetch(`http://127.0.0.1:${listener.address().port}`)).json();
  try {
    const { asOf, problem, ...fleet } = await ask();
    assert.equal(typeof asOf, 'number');
    assert.equal(problem, null);
    assert.deepEqual(Object.keys(fleet), ['revision', 'total', 'inStep', 'instances']);
    assert.deepEqual(
      [fleet.revision, fleet.total, fleet.inStep, fleet.instances[0].name],
      ['1002', 1, 1, 'Zürich <b>']
    );
    away = true;
    let later;
    await until(async () => {
      later = await ask();
      return later.problem !== null;
    });
    assert.equal(later.problem, '"away"');
    assert.deepEqual(later.instances, fleet.instances);
  } finally {
    listener.closeAllConnections();
    listener.close();
  }
});
