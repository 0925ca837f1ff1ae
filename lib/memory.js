'use strict';

const { giveBackFreed } = require('./binding/core');

/** @import { Runtime } from './types/node-red' */

/** From the start of the flows until what is done once after it is done as well, in ms. */
const SETTLED = 250;

/**
 * A start frees much of what it has taken, as what code was compiled with, and the C library keeps that for itself. Once
 * the flows run, the system gets it back.
 *
 * @param {Runtime['events']} events
 */
function giveBackAfterStart(events) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const onStarted = () => {
    timer = setTimeout(giveBackFreed, SETTLED);
    timer.unref();
  };
  events.once('flows:started', onStarted);
  return {
    close() {
      events.removeListener('flows:started', onStarted);
      clearTimeout(timer);
    }
  };
}

module.exports = { giveBackAfterStart };
