'use strict';

const { placeOf, tabsOf } = require('./place');

/**
 * @import { RunningFlows } from '../types/core'
 * @import { Self } from './place'
 */

/**
 * The tabs that may run on this worker alone, by what runs here. Where an update waits or has failed, no more than those
 * that do so already, and of these those that run on whole: what can't be started whole is for another worker.
 *
 * @param {ReturnType<RunningFlows['running']>} running
 * @param {ReadonlyMap<string, unknown>} here the tabs that run here alone now
 * @param {Self} self
 */
function wantedTabs(running, here, self) {
  /** @type {string[]} */
  const wanted = [];
  for (const [id, tab] of running ? tabsOf(running.flows) : []) {
    const isPossible =
      running?.touched === undefined || (here.has(id) && (running.touched === null || !running.touched.has(id)));
    if (isPossible && !tab.disabled && placeOf(tab, self) === 'once') {
      wanted.push(id);
    }
  }
  return wanted;
}

module.exports = { wantedTabs };
