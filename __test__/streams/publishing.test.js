'use strict';

const { EventEmitter } = require('node:events');
const assert = require('node:assert');
const { test } = require('node:test');

const { createPublishing } = require('../../lib/streams/publish');
const { createRedaction } = require('../../lib/streams/publish/secrets');
const { until } = require('../support/wait');

const WORKER = { id: 'w1', name: 'site-a-1' };

function publishing({ kept = {}, redact = (text) => text } = {}) {
  const published = [];
  const handlers = new Set();
  const events = new EventEmitter();
  const runtime = {
    events,
    log: {
      addHandler: (handler) => handlers.add(handler),
      removeHandler: (handler) => handlers.delete(handler)
    }
  };
  const publisher = createPublishing({
    runtime,
    worker: () => WORKER,
    publish(text) {
      assert.ok(Buffer.byteLength(text) <= 8 * 1024, `${Buffer.byteLength(text)} bytes`);
      published.push(JSON.parse(text));
      return true;
    },
    statuses: () => kept,
    redact
  });
  const log = (line) => handlers.forEach((handler) => handler.emit('log', line));
  const debug = (data) => events.emit('comms', { topic: 'debug', data });
  return { publisher, published, events, handlers, log, debug };
}

const by = (kinds, { who = 'editor', session = 1 } = {}) => ({ session, by: { [who]: kinds } });

test('nobody looks: nothing is listened to, and nothing said', () => {
  const { publisher, published, events, handlers, log, debug } = publishing();
  const listeners = () => events.listenerCount('comms') + events.listenerCount('node-status') + handlers.size;
  assert.equal(listeners(), 0);
  publisher.set(by('debug,log,status'));
  assert.equal(listeners(), 3);
  publisher.set({ session: 1, by: {} });
  assert.equal(listeners(), 0);
  publisher.set(null);
  const before = published.length;
  debug({ msg: 'x', format: 'string[1]' });
  log({ level: 20, msg: 'x' });
  assert.equal(published.length, before);
});

test('what a Debug node says is told with its worker and its place', () => {
  const { publisher, published, debug } = publishing();
  publisher.set(by('debug'));
  debug({
    id: 'n1',
    z: 't1',
    path: 't1',
    name: 'out',
    topic: 7,
    property: 'payload',
    msg: '1',
    format: 'number',
    more: 1
  });
  // Other topics are none, and a level makes it a line of the log.
  debug({ level: 30, msg: 'x', format: 'string[1]' });
  assert.deepEqual(published, [
    {
      ...WORKER,
      kind: 'debug',
      data: { id: 'n1', z: 't1', path: 't1', name: 'out', topic: '7', property: 'payload', msg: '1', format: 'number' }
    }
  ]);
});

test('a long one is cut to 8 KiB, whatever is in it', () => {
  const { publisher, published, debug } = publishing();
  publisher.set(by('debug'));
  for (const msg of [
    'x'.repeat(5_000_000),
    '\u0000'.repeat(20_000),
    '😀'.repeat(9000),
    JSON.stringify({ a: '"'.repeat(9000) })
  ]) {
    debug({ id: 'n1', msg, format: 'Object' });
  }
  assert.equal(published.length, 4);
  for (const { data } of published) {
    assert.match(data.format, /^string\[\d+\]$/);
    assert.ok(data.msg.endsWith('…') && data.msg.length > 500);
  }
  assert.equal(published[0].data.format, 'string[5000000]');
});

test('of a thousand messages a second 20 are told, and how many were left out', async () => {
  const { publisher, published, debug } = publishing();
  publisher.set(by('debug'));
  for (let number = 0; number < 1000; number++) {
    debug({ id: 'n1', msg: String(number), format: 'number' });
  }
  assert.equal(published.length, 20);
  await until(() => published.length > 20, { message: 'the count' });
  assert.deepEqual(published[20], { ...WORKER, kind: 'left out', data: { count: 980 } });
  debug({ id: 'n1', msg: '1', format: 'number' });
  assert.equal(published.length, 22);
  publisher.close();
});

test('warnings and errors of the log are told, without secrets', () => {
  const settings = {
    valkey: { password: 'hunter22', sentinels: [{ password: 'inner-one' }] },
    credentialSecret: 'c-secret'
  };
  const redact = createRedaction({ settings, generated: () => 'made-up-one' });
  const { publisher, published, log } = publishing({ redact });
  publisher.set(by('log'));
  log({ level: 40, msg: 'information' });
  log({
    level: 20,
    id: 'n1',
    z: 't1',
    type: 'function',
    name: 'f',
    msg: new Error('hunter22, inner-one, c-secret, made-up-one')
  });
  log({ level: 30, msg: { message: 'redis://user:topsecret@host:6379 is away' } });
  log({ level: 30, msg: Object.create(null) });
  assert.deepEqual(
    published.map(({ kind, data }) => [kind, data.level, data.id, data.name, data.msg]),
    [
      ['log', '20', 'n1', 'f', 'Error: ***, ***, ***, ***'],
      ['log', '30', undefined, undefined, 'redis://user:***@host:6379 is away'],
      ['log', '30', undefined, undefined, '']
    ]
  );
});

test('statuses are told from the beginning to whoever begins to look, then as they change', async () => {
  const { publisher, published, events } = publishing({ kept: { n1: { text: 'up', fill: 'green', shape: 'dot' } } });
  publisher.set(by('status'));
  assert.deepEqual(published, [
    {
      ...WORKER,
      kind: 'status',
      data: { first: true, statuses: [['n1', { text: 'up', fill: 'green', shape: 'dot' }]] }
    }
  ]);
  publisher.set(by('status'));
  assert.equal(published.length, 1, 'the same looks again');
  for (let count = 0; count < 500; count++) {
    events.emit('node-status', { id: 'n2', status: { text: count } });
  }
  events.emit('node-status', { id: 'n1' });
  await until(() => published.length > 1, { message: 'the changes' });
  assert.deepEqual(published[1].data, {
    statuses: [
      ['n2', { text: '499' }],
      ['n1', null]
    ]
  });
  publisher.set({ session: 1, by: { editor: 'status', other: 'status' } });
  assert.equal(published[2].data.first, true, 'somebody else begins');
  publisher.set({ session: 2, by: { editor: 'status', other: 'status' } });
  assert.equal(published[3].data.first, true, 'the connection is another');
  publisher.close();
});

test('many statuses take several messages, and none is left out', async () => {
  const kept = Object.fromEntries(
    Array.from({ length: 3000 }, (_, at) => [`node-${at}`, { text: 'x'.repeat(90), fill: 'red' }])
  );
  const { publisher, published } = publishing({ kept });
  publisher.set(by('status'));
  const told = () => published.flatMap(({ data }) => data.statuses ?? []);
  await until(() => told().length === 3000, { deadline: 15_000, message: () => `all; there are ${told().length}` });
  assert.equal(published.filter(({ kind }) => kind !== 'status').length, 0);
  publisher.close();
});
