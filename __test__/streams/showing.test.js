'use strict';

const { EventEmitter } = require('node:events');
const assert = require('node:assert');
const { test } = require('node:test');

const { createShowing } = require('../../lib/streams/show');
const { createViewers } = require('../../lib/streams/show/viewers');
const { until } = require('../support/wait');

const FLOWS = [
  { id: 't1', type: 'tab' },
  { id: 'n1', type: 'debug', z: 't1' },
  { id: 's1', type: 'subflow' },
  { id: 'sn', type: 'debug', z: 's1' },
  { id: 'i1', type: 'subflow:s1', z: 't1' },
  { id: 'c1', type: 'mqtt-broker' }
];

function showing({ own = {}, ask = async () => {} } = {}) {
  const events = new EventEmitter();
  const told = [];
  events.on('comms', (event) => told.push(event));
  const asked = [];
  const heard = [];
  const shown = createShowing({
    runtime: { events, nodes: { getFlows: () => ({ flows: FLOWS, rev: '1' }) } },
    ask(watch) {
      asked.push(watch);
      return ask(watch);
    },
    heard: () => heard.splice(0).reduce((all, one) => ({ ...all, ...one }), { messages: [], leftOut: 0 }),
    statuses: () => own
  });
  const hearAs = (one) => {
    heard.push(one);
    shown.hear();
  };
  const hear = (...messages) => hearAs({ messages: messages.map((message) => JSON.stringify(message)) });
  return { shown, told, asked, events, hear, hearAs };
}

const message = (kind, data, worker = 'site-a-1') => ({ id: `id-${worker}`, name: worker, kind, data });

test('what a chosen worker says is in the sidebar, with its name and as much of its place as the editor has', async () => {
  const { shown, told, hear } = showing();
  await shown.look('e1', { 'site-a-1': ['debug'] });
  const debug = (data) => message('debug', { msg: 'x', format: 'string[1]', ...data });
  hear(
    debug({ id: 'n1', z: 't1', path: 't1', name: 'out' }),
    debug({ id: 'i1-sn', z: 'i1', path: 't1/i1', _alias: 'sn' }),
    debug({ id: 'c1' }),
    debug({ id: 'gone', z: 't1', path: 't1' }),
    debug({ id: 'sn', z: 's1', path: 's1' }),
    debug({ id: 'n1', z: 't1', path: 'gone/gone' })
  );
  const places = told.map(({ data: { id, z, path, _alias } }) => JSON.parse(JSON.stringify({ id, z, path, _alias })));
  assert.deepEqual(places, [
    { id: 'n1', z: 't1', path: 't1' },
    { id: 'i1-sn', z: 'i1', path: 't1/i1', _alias: 'sn' },
    { id: 'c1', path: 'global' },
    {},
    {},
    { id: 'n1', z: 't1', path: 't1' }
  ]);
  assert.deepEqual(told[0], {
    topic: 'debug',
    retain: false,
    data: {
      id: 'n1',
      z: 't1',
      path: 't1',
      name: '[site-a-1] out',
      topic: undefined,
      property: undefined,
      msg: 'x',
      format: 'string[1]'
    }
  });
  shown.close();
});

test('what nobody has chosen is not shown', async () => {
  const { shown, told, hear, hearAs } = showing();
  await shown.look('e1', { 'site-a-1': ['log'] });
  hear(
    message('debug', { msg: 'x' }),
    message('log', { msg: 'x' }, 'site-b-1'),
    message('left out', { count: 2 }, 'site-b-1')
  );
  hearAs({ messages: ['no JSON'] });
  assert.deepEqual(told, []);
  hear(message('log', { msg: 'away', level: 20 }), message('left out', { count: 980 }));
  assert.deepEqual(
    told.map(({ data }) => [data.name, data.msg, data.level]),
    [
      ['[site-a-1]', 'away', 20],
      ['[site-a-1]', '980 left out: too many messages a second', 30]
    ]
  );
  hearAs({ leftOut: 5 });
  hearAs({ leftOut: 6 });
  await until(() => told.length > 2, { message: 'what was left out here' });
  assert.deepEqual([told[2].data.name, told[2].data.msg], ['[fleet]', '11 left out: too many messages a second']);
  shown.close();
});

test('workers are asked for what all editors look at together, until they no longer do', async () => {
  const { shown, asked } = showing();
  await shown.look('e1', { w1: ['debug'] });
  await shown.look('e2', { w1: ['log'], w2: ['status'] });
  assert.deepEqual(asked.at(-1), { w1: ['debug', 'log'], w2: ['status'] });
  await shown.look('e1', {});
  assert.deepEqual(asked.at(-1), { w1: ['log'], w2: ['status'] });
  await shown.look('e2', {});
  assert.deepEqual([asked.at(-1), shown.watching()], [{}, {}]);
  shown.close();
});

test('what is in the way is told, and too many editors are', async () => {
  const { shown } = showing({ ask: async () => Promise.reject(new Error('Valkey is not reachable')) });
  assert.equal(await shown.look('e1', { w1: ['debug'] }), 'Valkey is not reachable');
  for (let number = 0; number < 60; number++) {
    await shown.look(`e${number}`, { w1: ['debug'] });
  }
  assert.match(await shown.look('one-more', { w1: ['debug'] }), /too many/);
  shown.close();
});

test('an editor that is closed without a word looks no longer after 30 s', () => {
  let time = 0;
  const changes = [];
  const viewers = createViewers({ onChange: (watch) => changes.push(watch), now: () => time });
  viewers.look('e1', { w1: ['debug'] });
  time = 29_000;
  viewers.look('e2', { w2: ['debug'] });
  time = 31_000;
  viewers.expire();
  assert.deepEqual(changes.at(-1), { w2: ['debug'] });
  viewers.close();
});

test("statuses of workers stand at their nodes, and this instance's own come back", async () => {
  const mine = { text: 'mine', fill: 'green', shape: 'dot' };
  const { shown, told, hear, events } = showing({ own: { n1: mine } });
  const statuses = () => told.filter(({ topic }) => topic.startsWith('status/'));
  const last = () => statuses().at(-1);
  await shown.look('e1', { '*': ['status'] });
  hear(
    message('status', {
      first: true,
      statuses: [
        ['n1', { text: 'up', fill: 'red', shape: 'ring' }],
        ['unknown', { text: 'x' }]
      ]
    }),
    message('status', { first: true, statuses: [['n1', { text: 'down', fill: 'blue' }]] }, 'site-b-1')
  );
  await until(() => statuses().length > 0, { message: 'the statuses' });
  assert.deepEqual(statuses(), [
    {
      topic: 'status/n1',
      data: { text: '[site-a-1] up, [site-b-1] down', fill: 'blue', shape: undefined },
      retain: true
    }
  ]);
  // Node-RED tells the editor of its own: theirs is said again.
  events.emit('node-status', { id: 'n1', status: { text: 'new' } });
  await until(() => statuses().length > 1, { message: 'theirs again' });
  assert.match(last().data.text, /site-a-1/);
  hear(message('status', { statuses: [['n1', null]] }));
  await until(() => last().data.text === '[site-b-1] down', { message: 'the other alone' });
  await shown.look('e1', {});
  await until(() => last().data.text === 'new', { message: 'its own' });
  assert.equal(last().retain, true);
  assert.equal(events.listenerCount('node-status'), 0);
  shown.close();
});
