'use strict';

// What the core tells of the flows that it holds for JavaScript.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { sameTexts } = require('../../lib/flows/difference/same.js');
const { freePort } = require('../support/port.js');
const { tempDir } = require('../support/temp-dir.js');
const { openAdminCore } = require('./support/admin-core.js');

let core;

before(async () => {
  core = await openAdminCore({ port: await freePort(), userDir: tempDir('prepared-flows') });
});

after(() => core.close());

const node = (id, more = {}) => ({ id, type: 'change', z: 'tab', ...more, wires: [['a']] });
/** Nothing but the text of so many counts. */
const all = (count) => new Uint8Array(count).fill(1);
/** As Node-RED writes them to the disk, with indentation or without. */
const held = (flows, indent) => core.prepareFlows(JSON.stringify(flows, null, indent));

test('which nodes are the same as before', async () => {
  const flows = ['a', 'b', 'c', 'd'].map((id) => node(id));
  const [a, b, c, d] = flows;
  const text = await held(flows);
  for (const [next, places] of [
    [flows, [0, 1, 2, 3]],
    [
      [a, node('b', { name: 'other' }), c, d],
      [0, -1, 2, 3]
    ],
    [
      [a, c, node('e'), d],
      [0, -1, 1, 3]
    ],
    [
      [d, a, b, c],
      [1, 2, 3, 0]
    ]
  ]) {
    for (const indent of [0, 4]) {
      const runs = await (await held(next, indent)).since(text);
      assert.deepEqual([...sameTexts(runs, all(flows.length), all(next.length))], places);
    }
  }
});

test('what it does not know is not told', async () => {
  const [text, other] = await Promise.all([held([node('a')]), held([node('b')])]);
  assert.equal(await text.since(other), null, 'nothing is the same');
  const runs = await text.since(text);
  assert.equal(sameTexts(runs, all(1), all(2)), undefined, 'of other flows');
  assert.equal(sameTexts(runs, all(0), all(1)), undefined, 'of other flows');
  other.release();
  assert.equal(await text.since(other), null);
  assert.equal(await other.since(text), null);
  assert.equal(await other.entriesWith(['a']), null);
});

test('which nodes may refer to one of some texts', async () => {
  const flows = [
    node('a'),
    node('b', { server: 'a' }),
    node('c', { rules: [{ to: ['ä "a"'] }] }),
    node('d', { list: [7, true, null] }),
    node('\ud83d', { name: '\u0000' })
  ];
  const written = (text) => JSON.stringify(text).slice(1, -1);
  for (const indent of [0, 4]) {
    const text = await held(flows, indent);
    for (const [wanted, places] of [
      ['a', [1]],
      ['tab', []],
      ['ä "a"', [2]],
      ['7', [3]],
      ['null', [3]],
      ['\u0000', [4]]
    ]) {
      assert.deepEqual(await text.entriesWith([written(wanted)]), places, wanted);
    }
  }
});
