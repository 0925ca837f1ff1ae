'use strict';

const { monitorEventLoopDelay } = require('node:perf_hooks');

/** How often it is measured, in ms. */
const RESOLUTION = 50;

/** @param {number} nanoseconds between two measurements */
function delayOf(nanoseconds) {
  const ms = nanoseconds / 1e6 - RESOLUTION;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms * 10) / 10) : 0;
}

/** How late timers of the event loop are. Keeps no process alive. */
function watchEventLoop() {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  return {
    /** In ms, since this was asked before. */
    take() {
      const taken = { p99: delayOf(histogram.percentile(99)), max: delayOf(histogram.max) };
      histogram.reset();
      return taken;
    },
    close: () => histogram.disable()
  };
}

module.exports = { watchEventLoop };
