'use strict';

// Leases that a test hands out and takes away.

function createLeases() {
  const held = new Map();
  const log = []; // what was asked for, in order
  let changed = () => {};
  return {
    log,
    ticks: 0,
    problem: undefined,
    isBroken: false,
    holdTabs(tabs) {
      log.push(`wants ${tabs.join(' ')}`);
      this.wanted = tabs;
    },
    heldTabs() {
      if (this.isBroken) {
        throw new Error('closed');
      }
      return [...held.values()];
    },
    stillAlive() {
      this.ticks += 1;
    },
    async giveBackTabs() {
      log.push('gives back');
      held.clear();
    },
    memberState() {
      return { connection: 'ready', problem: this.problem };
    },

    /** For the test. */
    onChange(listener) {
      changed = listener;
    },
    give(tab, fence) {
      held.set(tab, { tab, fence, since: Date.now() });
      changed();
    },
    /** As the core drops a lease by its clock: nothing is told. */
    drop: (tab) => held.delete(tab),
    take(tab) {
      held.delete(tab);
      changed();
    }
  };
}

module.exports = { createLeases };
