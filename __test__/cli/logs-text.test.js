'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { logsJson, logsLines } = require('../../lib/cli/logs-text');

const NOW = new Date(2026, 0, 2, 3, 4, 5);
const worker = { id: 'id-a', name: 'site-a-1' };

test('what workers say is one line each, with what a reader asks for first', () => {
  const lines = [
    { worker, kind: 'debug', said: { msg: '{"a":1}', name: 'out', id: 'n1' } },
    { worker, kind: 'log', said: { msg: 'broken\n  at x', level: 20, type: 'mqtt in', id: 'n2' } },
    { worker, kind: 'log', said: { msg: 'slow', level: 30 } },
    {
      worker,
      kind: 'status',
      first: true,
      statuses: [
        ['n1', { text: 'connected', fill: 'green', shape: 'dot' }],
        ['n2', null]
      ]
    },
    { worker, kind: 'left out', count: 980 }
  ].flatMap((message) => logsLines(message, NOW));
  assert.deepEqual(lines, [
    '03:04:05 [site-a-1] debug out: {"a":1}',
    '03:04:05 [site-a-1] error mqtt in:n2: broken at x',
    '03:04:05 [site-a-1] warn: slow',
    '03:04:05 [site-a-1] status n1: green dot connected',
    '03:04:05 [site-a-1] status n2: (none)',
    '03:04:05 [site-a-1] 980 left out: too many messages a second'
  ]);
});

test('nothing that others write reaches the terminal as a command', () => {
  const said = { msg: '\u001b[2J\u202Egone\nnext', name: '\u001b]0;x\u0007' };
  const [line, ...more] = logsLines({ worker: { id: 'x', name: '\u001b[31m' }, kind: 'debug', said }, NOW);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202e]/);
  assert.equal(more.length, 0);
});

test('as JSON each is a line with the same fields', () => {
  const [debug] = logsJson(
    { worker, kind: 'log', said: { msg: 'a\nb', level: 30, id: 'n1', z: 't1', name: 'x' } },
    NOW
  );
  assert.deepEqual(JSON.parse(debug), {
    time: NOW.toISOString(),
    worker: 'site-a-1',
    id: 'id-a',
    kind: 'log',
    level: 'warn',
    node: 'n1',
    flow: 't1',
    name: 'x',
    text: 'a\nb'
  });
  const statuses = [['n1', { text: 'on' }]];
  assert.deepEqual(
    logsJson({ worker, kind: 'status', first: false, statuses }, NOW).map((line) => JSON.parse(line).status),
    [{ text: 'on' }]
  );
  assert.equal(JSON.parse(logsJson({ worker, kind: 'left out', count: 3 }, NOW)[0]).count, 3);
});
