'use strict';

/** Ticks a lease: it is renewed only while the last one is younger than half of it. */
const PER_LEASE = 10;
/** In ms. */
const LONGEST = 1000;

/**
 * How often it has to be shown that the event loop turns, in ms.
 *
 * @param {number} lease ms
 */
function tickOf(lease) {
  return Math.min(LONGEST, lease / PER_LEASE);
}

/**
 * @param {{ interval: number, run: () => void }} params `interval` in ms
 */
function createTick({ interval, run }) {
  const timer = setInterval(run, interval);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

module.exports = { createTick, tickOf };
