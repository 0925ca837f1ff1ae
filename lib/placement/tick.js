'use strict';

/** Ticks a lease: it is renewed only while the last one is younger than half of it. */
const PER_LEASE = 10;
/** In ms. */
const LONGEST = 1000;

/**
 * Calls `run` as often as is needed to show that the event loop turns.
 *
 * @param {{ lease: number, run: () => void }} params `lease` in ms
 */
function createTick({ lease, run }) {
  const timer = setInterval(run, Math.min(LONGEST, lease / PER_LEASE));
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

module.exports = { createTick };
