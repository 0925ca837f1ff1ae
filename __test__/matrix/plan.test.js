'use strict';

// Which combinations `npm run test:matrix` tries, and what it tells of them.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { NODES, NODE_REDS, SERVERS, askedFor, fullPlan, quickPlan } = require('../../scripts/matrix/plan.js');
const { allows } = require('../../scripts/matrix/releases.js');
const { tableOf } = require('../../scripts/matrix/table.js');

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'reliability.md');
/** Node-RED 5 asks for '>=22.9'; Node-RED 3 logs with a function that Node.js 23 removed, and ends. */
const isAllowed = ({ nodeRed, node }) =>
  (nodeRed !== '5' || Number(node) >= 22) && (!nodeRed.startsWith('3.') || Number(node) < 23);

const keyOf = ({ nodeRed, node, server }) => `${nodeRed} ${node} ${server}`;

test('every Node-RED meets every Node.js once, and every server several of both', () => {
  const plan = fullPlan();
  const pairs = new Set(plan.map(({ nodeRed, node }) => `${nodeRed} ${node}`));
  assert.equal(pairs.size, NODE_REDS.length * NODES.length);
  assert.equal(plan.length, pairs.size);
  for (const server of SERVERS) {
    const met = plan.filter((combination) => combination.server === server && isAllowed(combination));
    assert.ok(new Set(met.map(({ nodeRed }) => nodeRed)).size >= 2, `${server}: ${met.map(keyOf).join(', ')}`);
    assert.ok(new Set(met.map(({ node }) => node)).size >= 2, `${server}: ${met.map(keyOf).join(', ')}`);
  }
});

test('the quick plan is part of the full one, and allowed', () => {
  const all = new Set(fullPlan().map(keyOf));
  for (const combination of quickPlan()) {
    assert.ok(all.has(keyOf(combination)) && isAllowed(combination), keyOf(combination));
  }
});

test('words choose from the full plan', () => {
  assert.equal(askedFor([]).length, fullPlan().length);
  assert.equal(askedFor(['node-red-3.1']).length, NODES.length);
  assert.deepEqual(
    askedFor(['node-red-3.1', 'node-18', 'node-22']).map(({ nodeRed, node }) => [nodeRed, node]),
    [
      ['3.1', '18'],
      ['3.1', '22']
    ]
  );
  assert.ok(askedFor(['redis-7']).every(({ server }) => server === 'redis-7'));
  assert.throws(() => askedFor(['node-17']), /unknown argument 'node-17'; known are .*node-18/);
});

test('engines allow what is not older', () => {
  assert.ok(allows('>=14', '18.20.8'));
  assert.ok(allows('>=22.9', '22.9.0'));
  assert.ok(allows('>= 22.9', '24.0.0'));
  assert.ok(!allows('>=22.9', '22.8.15'));
  assert.ok(!allows('>=22.9', '20.20.2'));
  assert.throws(() => allows('^18', '18.0.0'), /engines '\^18'/);
});

test('the table tells what failed, what is not allowed and what was not tried', () => {
  const result = (nodeRed, node, more) => ({
    server: 'redis-6',
    versions: { nodeRed, node, server: '6.2.1' },
    failed: [],
    ...more
  });
  assert.equal(
    tableOf([
      result('3.0.1', '18.1.0'),
      result('5.0.0', '18.1.0', { refused: 'needs Node.js >=22.9' }),
      result('5.0.0', '22.9.0', { failed: ['package', 'second worker'] })
    ]),
    `| Node-RED | Node.js 18.1.0 | Node.js 22.9.0 |
|---|---|---|
| 3.0.1 | Redis 6.2.1 |  |
| 5.0.0 | (needs Node.js >=22.9) | **failed:** package, second worker; Redis 6.2.1 |`
  );
});

test('the document shows a run of the full plan', () => {
  const [, table] = /<!-- matrix: .*-->\n([\s\S]*?)\n<!-- end of matrix -->/.exec(fs.readFileSync(DOCUMENT, 'utf8'));
  const [head, , ...rows] = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  );
  const isOf = (version, line) => version.startsWith(`${line}.`);
  assert.deepEqual(
    NODES.filter((line, at) => !isOf(head[at + 1].replace('Node.js ', ''), line)),
    []
  );
  assert.deepEqual(
    NODE_REDS.filter((line, at) => !isOf(rows[at][0], line)),
    []
  );
  for (const combination of fullPlan()) {
    const cell = rows[NODE_REDS.indexOf(combination.nodeRed)][NODES.indexOf(combination.node) + 1];
    const [product, major] = combination.server.split('-');
    const wanted = isAllowed(combination) ? new RegExp(`${product} ${major}\\.`, 'i') : /^\(.+\)$/;
    assert.match(cell, wanted, keyOf(combination));
  }
});
