'use strict';

// A tab that runs on one worker, and everything that makes it change hands, in real Node-RED processes. It writes ten
// times a second to a server that refuses a fence below the last one.

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { FULL, count } = require('./support/counts.js');
const { FAULTS, HANDED_OVER, untilMirrored } = require('./support/once/faults.js');
const { TICK, openCluster } = require('./support/once/cluster.js');
const { longestGap, openLedger } = require('./support/once/ledger.js');
const { SEED, createRandom } = require('./support/random.js');

const CHANGES = count(7, 200);
const LEASE = 2000;
const KINDS = Object.keys(FAULTS);
/** What a machine that does much else may add to the figures, outside of the full run. */
const SLACK = FULL ? 0 : 3000;
/** Workers that have to live, so that one of them can take over at once. */
const FEWEST = 3;

/** The kinds in turn, each round in another order. */
function kindsOf(random) {
  let round = [];
  return () => {
    if (round.length === 0) {
      round = KINDS.map((kind) => ({ kind, at: random.whole(0, 1e9) })).sort((a, b) => a.at - b.at);
    }
    return round.pop().kind;
  };
}

/** Writes that came with an old fence, more than one of an owner: it did not stop at the first look. */
function refusedTooOften(refused) {
  const counts = new Map();
  for (const { worker, fence } of refused) {
    const owner = `${worker}, fence ${fence}`;
    counts.set(owner, (counts.get(owner) || 0) + 1);
  }
  return [...counts].filter(([, times]) => times > 1);
}

/** Owners by fence; a fence that two have had is an error. */
function ownersOf(ticks) {
  const owners = new Map();
  for (const { fence, worker } of ticks) {
    assert.equal(owners.get(fence) ?? worker, worker, `fence ${fence} was given out twice`);
    owners.set(fence, worker);
  }
  return owners;
}

test(`${CHANGES} changes of owner by seven kinds of fault`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`FAULT_SEED=${SEED}`);
  const random = createRandom('once');
  const nextKind = kindsOf(random);
  const ledger = await openLedger();
  const cluster = await openCluster({ lease: LEASE, ledger });
  const gaps = new Map(KINDS.map((kind) => [kind, []]));
  let reviving = Promise.resolve();
  let asked;
  try {
    await ledger.above(0, { deadline: 20_000, message: cluster.logs });
    for (let number = 1; number <= CHANGES; number += 1) {
      const kind = nextKind();
      if (cluster.running().length <= FEWEST) {
        await reviving;
      }
      await untilMirrored(cluster);
      const before = await ledger.last();
      const from = (await ledger.mark()) - 1;
      const owner = cluster.member(before.worker);
      try {
        const { most } = await FAULTS[kind](cluster, owner, LEASE, random);
        const message = () => `other owner than ${owner.name}\n${cluster.logs()}`;
        await ledger.above(before.fence, { deadline: most + 20_000, message });
        const gap = longestGap(await ledger.ticks(from));
        gaps.get(kind).push(gap);
        assert.ok(gap <= most + SLACK, `it stood still for ${gap} ms, ${Math.round(most)} at most`);
        assert.deepEqual(refusedTooOften(await ledger.refused()), []);
      } catch (error) {
        throw new Error(
          `fault ${number}, seed ${SEED}, ${kind}, of ${owner.name}: ${error.message}\n${cluster.logs()}`,
          {
            cause: error
          }
        );
      }
      reviving = reviving.then(() => cluster.revive());
    }
    await reviving;
  } finally {
    await reviving.catch(() => {});
    asked = await cluster.close();
  }
  const ticks = await ledger.ticks();
  const refused = await ledger.refused();
  const owners = ownersOf(ticks);
  await ledger.close();
  assert.ok(owners.size > CHANGES, `${owners.size} owners`);
  t.diagnostic(
    `${owners.size - 1} changes, ${ticks.length} writes, ${refused.length} refused, ${asked} answers of others`
  );
  for (const [kind, all] of gaps) {
    const sorted = [...all].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    t.diagnostic(`${kind}: ${all.length} times, it stood still for ${median} ms (median), ${sorted.at(-1)} ms at most`);
  }
  t.diagnostic(`of these ${TICK} ms are between two writes; handed over within ${HANDED_OVER} ms`);
});
