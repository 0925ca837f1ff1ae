'use strict';

/**
 * @import { Sample } from './exposition'
 */

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What updates of a worker's flows came to, since it was started. */
function createUpdateFigures() {
  const buckets = [...BOUNDS, Infinity].map((bound) => ({ bound, count: 0 }));
  let sum = 0;
  let count = 0;
  let restarted = 0;
  return {
    /** @param {{ applied: boolean, ms: number, restarted: number }} result `restarted`: nodes */
    note({ applied, ms, restarted: nodes }) {
      if (!applied) {
        return;
      }
      const seconds = Math.max(0, ms) / 1000;
      sum += seconds;
      count += 1;
      restarted += nodes;
      buckets.filter(({ bound }) => seconds <= bound).forEach((bucket) => (bucket.count += 1));
    },
    /**
     * Of a histogram.
     *
     * @returns {Sample[]}
     */
    seconds: () => [
      ...buckets.map(({ bound, count: value }) => ({
        suffix: '_bucket',
        labels: { le: bound === Infinity ? '+Inf' : bound.toFixed(3).replace(/\.?0+$/, '') || '0' },
        value
      })),
      { suffix: '_count', value: count },
      { suffix: '_sum', value: sum }
    ],
    /** Nodes that were started again. */
    restarted: () => restarted
  };
}

module.exports = { createUpdateFigures };
